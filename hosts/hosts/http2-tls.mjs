import { createSecureServer } from "node:http2";

import { certificate } from "../certificate.mjs";
import { startHttp2 } from "./http2.mjs";

export const name = "HTTP/2 with TLS (compatibility API)";

export const http2 = true;

export async function start(login) {
  return startHttp2((listener) => createSecureServer(certificate(), listener), login, "https");
}
