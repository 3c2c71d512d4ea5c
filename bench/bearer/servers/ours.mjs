import { matrixBearerAuth } from "matrix-jwt-login";

/** @param {any} settings */
export function createApp({ express, path, answer, serverName, tokens, cache }) {
  const auth = matrixBearerAuth({ serverName, tokens, ...(cache === false && { cache }) });
  const app = express();
  app.get(path, auth, (/** @type {any} */ req, /** @type {any} */ res) => {
    const { userId } = auth.of(req);
    res.json({ ...answer, user_id: userId });
  });
  return app;
}
