// The least that a check of a known token can be: its hash, and a Map.
import { hash } from "node:crypto";

/** @param {any} settings */
export function createApp({ express, path, answer }) {
  const known = new Map();
  const app = express();
  app.get(
    path,
    (/** @type {any} */ req, /** @type {any} */ _res, /** @type {() => void} */ next) => {
      const key = hash("sha256", req.headers.authorization.slice("Bearer ".length), "base64url");
      req.matrix = known.get(key);
      if (req.matrix === undefined) known.set(key, (req.matrix = { userId: answer.user_id }));
      next();
    },
    (/** @type {any} */ req, /** @type {any} */ res) => {
      res.json({ ...answer, user_id: req.matrix.userId });
    },
  );
  return app;
}
