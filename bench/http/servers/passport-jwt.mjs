// Set up as the READMEs of passport-jwt and jwks-rsa say; the token comes from the body's `token` field.
import { passportJwtSecret } from "jwks-rsa";
import passport from "passport";
import { ExtractJwt, Strategy } from "passport-jwt";
import { keyObject } from "../../floor/key-object.mjs";

/** @param {any} settings */
export function createApp(settings) {
  const { express, key, algorithm, secret, jwksUri, issuer, audience, loginPath, user, answer } = settings;
  const keys = {
    secret: () => ({ secretOrKey: secret }),
    keyObject: () => ({ secretOrKey: keyObject(settings) }),
    jwks: () => ({
      secretOrKeyProvider: passportJwtSecret({ cache: true, rateLimit: true, jwksRequestsPerMinute: 5, jwksUri }),
    }),
  };
  passport.use(
    new Strategy(
      {
        ...keys[/** @type {keyof typeof keys} */ (key)](),
        jwtFromRequest: ExtractJwt.fromBodyField("token"),
        algorithms: [algorithm],
        issuer,
        audience,
      },
      (_payload, done) => {
        done(null, user);
      },
    ),
  );

  const app = express();
  app.post(loginPath, express.json(), passport.authenticate("jwt", { session: false }), (req, res) => {
    res.json({ ...answer, user_id: req.user.id });
  });
  return app;
}
