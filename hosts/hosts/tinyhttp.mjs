import { App } from "@tinyhttp/app";
import { createServer } from "node:http";

import { FLOWS, listen, logIn, LOGIN, readJson } from "./own-login.mjs";

export const name = "tinyhttp";

/** It answers HEAD otherwise as soon as there is any middleware. */
export const alone = (_req, _res, next) => next();

export function start(login) {
  const app = new App();
  if (login !== undefined) app.use(login);
  app.get(LOGIN, (req, res) => void res.json(FLOWS));
  app.post(LOGIN, async (req, res) => {
    const { status, answer } = logIn(await readJson(req));
    res.status(status).json(answer);
  });
  return listen(createServer(app.handler.bind(app)));
}
