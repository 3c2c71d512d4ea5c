// Set up as the README of express-jwt says.
import { expressjwt } from "express-jwt";

/** @param {any} settings */
export function createApp({ express, path, answer, serverName, algorithm, secret, issuer, audience }) {
  const app = express();
  const auth = expressjwt({ secret, algorithms: [algorithm], issuer, audience });
  app.get(path, auth, (/** @type {any} */ req, /** @type {any} */ res) => {
    res.json({ ...answer, user_id: `@${req.auth.sub}:${serverName}` });
  });
  return app;
}
