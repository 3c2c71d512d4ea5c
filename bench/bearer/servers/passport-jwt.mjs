// Set up as the README of passport-jwt says.
import passport from "passport";
import { ExtractJwt, Strategy } from "passport-jwt";

/** @param {any} settings */
export function createApp({ express, path, answer, serverName, algorithm, secret, issuer, audience }) {
  const jwtFromRequest = ExtractJwt.fromAuthHeaderAsBearerToken();
  passport.use(
    new Strategy(
      { jwtFromRequest, secretOrKey: secret, algorithms: [algorithm], issuer, audience },
      (payload, done) => {
        done(null, { userId: `@${payload.sub}:${serverName}` });
      },
    ),
  );
  const app = express();
  const auth = passport.authenticate("jwt", { session: false });
  app.get(path, auth, (/** @type {any} */ req, /** @type {any} */ res) => {
    res.json({ ...answer, user_id: req.user.userId });
  });
  return app;
}
