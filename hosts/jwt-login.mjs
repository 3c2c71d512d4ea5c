import { createHmac } from "node:crypto";
import { matrixJwtLogin } from "matrix-jwt-login";

export const SECRET = "a secret for the tests of hosts, as long as the hash of HS256";
export const TYPE = "org.matrix.login.jwt";

/** The middleware, and what its callbacks were called with. */
export function jwtLogin(options = {}) {
  return matrixJwtLogin({
    serverName: "example.org",
    loginTypes: { [TYPE]: { secret: SECRET } },
    findUser: (userId) => ({ userId }),
    issueToken: (user, { deviceId }) => ({ accessToken: "jwt", deviceId }),
    logger: false,
    ...options,
  });
}

export function token(claims = {}, secret = SECRET) {
  const encode = (part) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const input = `${encode({ alg: "HS256" })}.${encode({ sub: "alice", exp: Math.floor(Date.now() / 1000) + 60, ...claims })}`;
  return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
}
