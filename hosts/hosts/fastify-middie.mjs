import middie from "@fastify/middie";

import { startFastify } from "./fastify.mjs";

export const name = "Fastify, by @fastify/middie";

export function start(login) {
  return startFastify(middie, login);
}
