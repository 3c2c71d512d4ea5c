// Set up as the READMEs of express-jwt and jwks-rsa say; the token comes from the body's `token` field.
import { expressjwt } from "express-jwt";
import { expressJwtSecret } from "jwks-rsa";
import { keyObject } from "../../floor/key-object.mjs";

/** @param {any} settings */
export function createApp(settings) {
  const { express, key, algorithm, secret, jwksUri, issuer, audience, loginPath, serverName, answer } = settings;
  const keys = {
    secret: () => secret,
    keyObject: () => keyObject(settings),
    jwks: () => expressJwtSecret({ cache: true, rateLimit: true, jwksRequestsPerMinute: 5, jwksUri }),
  };
  const authenticate = expressjwt({
    secret: keys[/** @type {keyof typeof keys} */ (key)](),
    getToken: (req) => req.body.token,
    algorithms: [algorithm],
    issuer,
    audience,
  });

  const app = express();
  app.post(loginPath, express.json(), authenticate, (req, res) => {
    res.json({ ...answer, user_id: `@${req.auth.sub}:${serverName}` });
  });
  return app;
}
