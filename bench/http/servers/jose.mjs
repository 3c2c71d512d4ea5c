// A login written by hand with jose.
import { createRemoteJWKSet, jwtVerify } from "jose";
import { keyObject } from "../../floor/key-object.mjs";

/** @param {any} settings */
export function createApp(settings) {
  const { express, key, algorithm, jwksUri, issuer, audience, loginPath, serverName, answer } = settings;
  const keys = {
    keyObject: () => keyObject(settings),
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
