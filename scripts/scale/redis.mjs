import { createHmac } from "node:crypto";

import { createJwtLogin } from "../../dist/esm/index.js";

const SECRET = "a secret of sixty-four bytes, which is enough for HS256 to HS512";
const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
let serial = 0;

function tokenOf(secret) {
  const claims = { sub: "alice", exp: Math.floor(Date.now() / 1_000) + 300, jti: String((serial += 1)) };
  const input = `${part({ alg: "HS256" })}.${part(claims)}`;
  return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
}

/** Calls that one login makes to what replicas share, counted. */
async function callsOf(options, token) {
  let calls = 0;
  const answer = async () => {
    calls += 1;
    return { msBeforeNext: 60_000, consumedPoints: 1 };
  };
  const limiter = { consume: answer, reward: answer };
  const used = async () => (await answer(), true);
  const login = createJwtLogin({
    serverName: "example.org",
    loginTypes: { "org.matrix.login.jwt": { secret: SECRET, singleUse: options.includes("singleUse") } },
    usedTokens: { claim: used, release: used },
    rateLimits: Object.fromEntries(options.filter((name) => name !== "singleUse").map((name) => [name, limiter])),
    findUser: () => ({}),
    issueToken: () => ({ accessToken: "x" }),
    logger: false,
  });
  await login.login({ type: "org.matrix.login.jwt", token }, { ip: "192.0.2.1" }).catch(() => undefined);
  return calls;
}

/** For each choice of options: calls of an honest login, and of a forged one. */
export async function redisCalls() {
  const choices = [
    [],
    ["singleUse"],
    ["address"],
    ["account"],
    ["failures"],
    ["singleUse", "address", "account", "failures"],
  ];
  return Promise.all(
    choices.map(async (options) => ({
      options: options.join(", ") || "none of them",
      honest: await callsOf(options, tokenOf(SECRET)),
      forged: await callsOf(options, tokenOf("somebody else's")),
    })),
  );
}
