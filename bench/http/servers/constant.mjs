// The baseline: Express parses the body and answers the same JSON as a login.

/** @param {any} settings */
export function createApp({ express, loginPath, answer }) {
  const app = express();
  app.post(loginPath, express.json(), (_req, res) => {
    res.json(answer);
  });
  return app;
}
