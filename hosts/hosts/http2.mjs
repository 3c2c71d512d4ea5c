import { createServer } from "node:http2";

import { answer, listen } from "./own-login.mjs";

export const name = "HTTP/2 without TLS (compatibility API)";

export const http2 = true;

export function start(login) {
  return startHttp2(createServer, login, "http");
}

export async function startHttp2(create, login, scheme) {
  const server = create((req, res) => {
    if (login === undefined) void answer(req, res);
    else login(req, res, () => void answer(req, res));
  });
  const sessions = new Set();
  server.on("session", (session) => sessions.add(session));
  const { url, close } = await listen(server, { scheme });
  return {
    url,
    close: () => {
      for (const session of sessions) session.destroy();
      return close();
    },
  };
}
