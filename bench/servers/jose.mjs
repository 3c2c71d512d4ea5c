// A login written by hand with jose.
import { createSecretKey } from "node:crypto";
import express from "express";
import { createRemoteJWKSet, jwtVerify } from "jose";

/** @param {any} settings */
export function createApp({ key, algorithm, secret, jwksUri, issuer, audience, loginPath, serverName, answer }) {
  const keys = {
    keyObject: () => createSecretKey(secret, "utf8"),
    jwks: () => createRemoteJWKSet(new URL(jwksUri)),
  };
  const verifyingKey = keys[/** @type {keyof typeof keys} */ (key)]();

  const app = express();
  app.post(loginPath, express.json(), async (req, res) => {
    const { payload } = await jwtVerify(req.body.token, verifyingKey, { algorithms: [algorithm], issuer, audience });
    res.json({ ...answer, user_id: `@${payload.sub}:${serverName}` });
  });
  return app;
}
