import connect from "connect";
import { createServer } from "node:http";

import { answer, listen } from "./own-login.mjs";

export const name = "connect";

export function start(login) {
  const app = connect();
  if (login !== undefined) app.use(login);
  app.use((req, res) => void answer(req, res));
  return listen(createServer(app));
}
