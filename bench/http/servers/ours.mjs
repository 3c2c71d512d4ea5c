import { matrixJwtLogin } from "matrix-jwt-login";

/** @param {any} settings */
export function createApp({ express, parseFirst, passwordLogin, loginPath, answer, ...settings }) {
  const app = express();
  if (parseFirst) app.use(express.json());
  app.use(loginMiddleware(settings));
  if (passwordLogin) {
    app.post(loginPath, express.json(), (_req, res) => {
      res.json(answer);
    });
  }
  return app;
}

/** @param {any} settings */
function loginMiddleware({ key, algorithm, secret, jwksUri, issuer, audience, loginType, serverName, user, issued }) {
  return matrixJwtLogin({
    serverName,
    loginTypes: {
      [loginType]: { ...(key === "jwks" ? { jwksUri } : { secret }), algorithms: [algorithm], issuer, audience },
    },
    findUser: () => user,
    issueToken: () => issued,
  });
}
