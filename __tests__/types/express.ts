// What the middleware is to Express. Checked by `npm run typecheck`, never run.
import { createServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";

import express, { type Request, type RequestHandler } from "express";
import { matrixJwtLogin, type JwtLogin, type MatrixJwtLogin, type NodeRequest } from "matrix-jwt-login";

import { exactly } from "./exactly.js";

const middleware = matrixJwtLogin({
  serverName: "example.org",
  loginTypes: { "org.matrix.login.jwt": { secret: "a secret" } },
  findUser: (userId) => userId,
  issueToken: (userId) => ({ accessToken: userId }),
});

export const handler: RequestHandler = middleware;
exactly<MatrixJwtLogin>()(middleware);
exactly<JwtLogin<NodeRequest>>()(middleware.jwtLogin);
const core: JwtLogin = middleware.jwtLogin;
exactly<JwtLogin>()(core);

export const app = express();
app.use(middleware);
app.use("/_matrix/client/v3", middleware);
app.all("/_matrix/client/v3/login", middleware, (_req, res) => {
  res.sendStatus(404);
});
express.Router().use(middleware);

// It is a handler of node:http and of HTTP/2 as well, with what comes next or without.
createServer(middleware);
createHttp2Server(middleware);
createServer((req, res) => {
  middleware(req, res, () => res.end());
});

const underExpress = matrixJwtLogin<string, Request>({
  serverName: "example.org",
  loginTypes: { "org.matrix.login.jwt": { secret: "a secret" } },
  findUser: (userId, { req }) => (req.hostname === "example.org" ? userId : undefined),
  issueToken: (userId) => ({ accessToken: userId }),
});
app.use(underExpress);
// @ts-expect-error -- that needs requests of Express's
createServer(underExpress);

declare const another: JwtLogin<NodeRequest>;
// @ts-expect-error -- the login under the middleware is not to be replaced
middleware.jwtLogin = another;
