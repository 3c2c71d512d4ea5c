import Koa from "koa";
import connect from "koa-connect";
import { createServer } from "node:http";

import { FLOWS, listen, logIn, LOGIN, readJson } from "./own-login.mjs";

export const name = "Koa, by koa-connect";

export function start(login) {
  const app = new Koa();
  if (login !== undefined) app.use(connect(login));
  app.use(async (ctx) => {
    if (ctx.path !== LOGIN) return;
    if (ctx.method === "GET" || ctx.method === "HEAD") ctx.body = FLOWS;
    if (ctx.method !== "POST") return;
    const { status, answer } = logIn(await readJson(ctx.req));
    ctx.status = status;
    ctx.body = answer;
  });
  return listen(createServer(app.callback()));
}
