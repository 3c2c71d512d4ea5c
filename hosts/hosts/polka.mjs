import { createServer } from "node:http";
import polka from "polka";

import { answer, listen, LOGIN } from "./own-login.mjs";

export const name = "polka";

export function start(login) {
  const server = createServer();
  const app = polka({ server });
  if (login !== undefined) app.use(login);
  app.all(LOGIN, (req, res) => void answer(req, res));
  server.on("request", app.handler);
  return listen(server);
}
