import Fastify from "fastify";

import { FLOWS, logIn, LOGIN } from "./own-login.mjs";

/** A Fastify host whose plugin has `use`. */
export async function startFastify(plugin, login) {
  const app = Fastify({ forceCloseConnections: true });
  await app.register(plugin);
  if (login !== undefined) app.use(login);
  app.get(LOGIN, () => FLOWS);
  app.post(LOGIN, (request, reply) => {
    const { status, answer } = logIn(request.body);
    return reply.code(status).send(answer);
  });
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  return { url, close: () => app.close() };
}
