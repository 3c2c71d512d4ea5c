// The same route without authentication.

/** @param {any} settings */
export function createApp({ express, path, answer }) {
  const app = express();
  app.get(path, (/** @type {any} */ _req, /** @type {any} */ res) => {
    res.json(answer);
  });
  return app;
}
