import express from "express";
import { matrixJwtLogin } from "matrix-jwt-login";

/** @param {any} settings */
export function createApp({ key, algorithm, secret, jwksUri, issuer, audience, loginType, serverName, user, issued }) {
  const app = express();
  app.use(
    matrixJwtLogin({
      serverName,
      loginTypes: {
        [loginType]: { ...(key === "jwks" ? { jwksUri } : { secret }), algorithms: [algorithm], issuer, audience },
      },
      findUser: () => user,
      issueToken: () => issued,
    }),
  );
  return app;
}
