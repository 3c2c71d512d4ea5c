import { FLOWS, logIn, LOGIN } from "./own-login.mjs";

/** An Express host, for what calls it without a server. */
export function expressApp(express, login) {
  const app = express();
  if (login !== undefined) app.use(login);
  app.use(express.json());
  app.get(LOGIN, (req, res) => res.json(FLOWS));
  app.post(LOGIN, (req, res) => {
    const { status, answer } = logIn(req.body);
    res.status(status).json(answer);
  });
  return app;
}
