// The floor: Express parses the body and answers the same JSON as a login.
import express from "express";

/** @param {{ loginPath: string, answer: object }} settings */
export function createApp({ loginPath, answer }) {
  const app = express();
  app.post(loginPath, express.json(), (_req, res) => {
    res.json(answer);
  });
  return app;
}
