// What the middleware is to Express. Checked by `npm run typecheck`, never run.
import express, { type Request, type RequestHandler } from "express";
import { matrixJwtLogin, type JwtLogin, type MatrixJwtLogin } from "matrix-jwt-login";

import { exactly } from "./exactly.js";

const middleware = matrixJwtLogin({
  serverName: "example.org",
  loginTypes: { "org.matrix.login.jwt": { secret: "a secret" } },
  findUser: (userId) => userId,
  issueToken: (userId) => ({ accessToken: userId }),
});

export const handler: RequestHandler = middleware;
exactly<MatrixJwtLogin>()(middleware);
exactly<JwtLogin<Request>>()(middleware.jwtLogin);
const core: JwtLogin = middleware.jwtLogin;
exactly<JwtLogin>()(core);

export const app = express();
app.use(middleware);
app.use("/_matrix/client/v3", middleware);
app.all("/_matrix/client/v3/login", middleware, (_req, res) => {
  res.sendStatus(404);
});
express.Router().use(middleware);

declare const another: JwtLogin<Request>;
// @ts-expect-error -- the login under the middleware is not to be replaced
middleware.jwtLogin = another;
