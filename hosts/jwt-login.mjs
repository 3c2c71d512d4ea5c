import { createHmac } from "node:crypto";
import { createFetchHandler, matrixJwtLogin } from "matrix-jwt-login";

export const SECRET = "a secret for the tests of hosts, as long as the hash of HS256";
export const TYPE = "org.matrix.login.jwt";

/** Options by a name, so that a host in a process of its own can have the same. */
const SETUPS = {
  plain: () => ({}),
  limited: () => ({ rateLimits: { address: twice() }, clientAddress }),
};

function options(setup) {
  return {
    serverName: "example.org",
    loginTypes: { [TYPE]: { secret: SECRET } },
    findUser: (userId) => ({ userId }),
    issueToken: (user, { deviceId }) => ({ accessToken: "jwt", deviceId }),
    logger: false,
    ...SETUPS[setup](),
  };
}

/** The middleware; it knows the name of its setup. */
export function jwtLogin(setup = "plain") {
  return Object.assign(matrixJwtLogin(options(setup)), { setup });
}

/** The same for servers of the Fetch standard. */
export function fetchLogin(setup) {
  return createFetchHandler(options(setup));
}

/** A limiter that lets each key in twice. */
function twice() {
  const counts = new Map();
  return {
    consume: (key) => {
      counts.set(key, (counts.get(key) ?? 0) + 1);
      return counts.get(key) > 2 ? Promise.reject({ msBeforeNext: 1_000 }) : Promise.resolve({});
    },
  };
}

function clientAddress({ headers }) {
  return headers instanceof Headers ? headers.get("x-client-address") : headers["x-client-address"];
}

export function token(claims = {}, secret = SECRET) {
  const encode = (part) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const input = `${encode({ alg: "HS256" })}.${encode({ sub: "alice", exp: Math.floor(Date.now() / 1000) + 60, ...claims })}`;
  return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
}
