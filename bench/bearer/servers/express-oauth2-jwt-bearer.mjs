// Set up as the README of express-oauth2-jwt-bearer says.
import { auth } from "express-oauth2-jwt-bearer";

/** @param {any} settings */
export function createApp({ express, path, answer, serverName, algorithm, secret, issuer, audience, jwksUri }) {
  const keys = algorithm === "HS256" ? { secret, tokenSigningAlg: algorithm } : { jwksUri };
  const app = express();
  app.get(path, auth({ issuer, audience, ...keys }), (/** @type {any} */ req, /** @type {any} */ res) => {
    res.json({ ...answer, user_id: `@${req.auth.payload.sub}:${serverName}` });
  });
  return app;
}
