import { createServer } from "node:http";
import restana from "restana";

import { FLOWS, listen, logIn, LOGIN, readJson } from "./own-login.mjs";

export const name = "restana";

export function start(login) {
  const server = createServer();
  const app = restana({ server });
  if (login !== undefined) app.use(login);
  app.get(LOGIN, (req, res) => res.send(FLOWS));
  app.post(LOGIN, async (req, res) => {
    const { status, answer } = logIn(await readJson(req));
    res.send(answer, status);
  });
  return listen(server);
}
