import { createApp, createRouter, defineEventHandler, fromNodeMiddleware, setResponseStatus, toNodeListener } from "h3";
import { createServer } from "node:http";

import { FLOWS, listen, logIn, LOGIN, readJson } from "./own-login.mjs";

export const name = "h3, by fromNodeMiddleware";

export function start(login) {
  const app = createApp();
  if (login !== undefined) app.use(fromNodeMiddleware(login));
  const router = createRouter();
  router.get(
    LOGIN,
    defineEventHandler(() => FLOWS),
  );
  router.post(
    LOGIN,
    defineEventHandler(async (event) => {
      const { status, answer } = logIn(await readJson(event.node.req));
      setResponseStatus(event, status);
      return answer;
    }),
  );
  app.use(router);
  return listen(createServer(toNodeListener(app)));
}
