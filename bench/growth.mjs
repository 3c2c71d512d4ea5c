// What a warm login costs by how many keys its JWKS holds, and by how many login types there are.
import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";

import { createJwtLogin } from "matrix-jwt-login";

const ROUNDS = 60;
const LOGINS = 400;
/** Logins are spread over as many keys or login types, so that none is always the same one at hand. */
const SPREAD = 40;
const SECRET = "a secret of at least thirty-two bytes";
const claims = { sub: "alice", exp: Math.floor(Date.now() / 1000) + 3600 };

const host = {
  serverName: "example.org",
  findUser: () => "alice",
  issueToken: () => ({ accessToken: "a token" }),
};

console.log(`Node ${process.version}; medians of ${ROUNDS} rounds of ${LOGINS} logins each, with quartiles\n`);
await compare("keys in the JWKS, ES256", [1, 100, 4000], byKeys);
await compare("login types, HS256", [1, 1000], byLoginTypes);
process.exit();

/** CPU of each size over that of the first one, round by round, so that the machine's moods hit all alike. */
async function compare(what, sizes, make) {
  const cases = await Promise.all(sizes.map(async (size) => ({ size, ...(await make(size)), ratios: [] })));
  for (const { jwtLogin, submissions } of cases) for (const one of submissions) await jwtLogin.login(one);
  for (let round = 0; round < ROUNDS; round += 1) {
    const order = round % 2 === 0 ? cases : [...cases].reverse();
    const cost = new Map();
    for (const one of order) cost.set(one, await cpuOf(one));
    for (const one of cases) one.ratios.push(cost.get(one) / cost.get(cases[0]));
  }
  console.log(`| ${what} | CPU a login |\n| ---: | ---: |`);
  for (const { size, ratios } of cases) console.log(`| ${size} | ${quartiles(ratios)} |`);
  console.log();
}

async function cpuOf({ jwtLogin, submissions }) {
  const before = process.cpuUsage();
  for (let i = 0; i < LOGINS; i += 1) await jwtLogin.login(submissions[i % submissions.length]);
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

async function byKeys(size) {
  const pairs = Array.from({ length: size }, () => generateKeyPairSync("ec", { namedCurve: "P-256" }));
  const keys = pairs.map(({ publicKey }, i) => ({ ...publicKey.export({ format: "jwk" }), kid: `key ${i}` }));
  const body = JSON.stringify({ keys });
  const server = createServer((_, res) => res.end(body)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const jwksUri = `http://127.0.0.1:${server.address().port}/jwks`;
  const jwtLogin = createJwtLogin({ ...host, loginTypes: { jwt: { jwksUri } } });
  await jwtLogin.ready();
  const submissions = spread(size).map((i) => ({
    type: "jwt",
    token: token({ alg: "ES256", kid: `key ${i}` }, (input) =>
      sign("sha256", input, { key: pairs[i].privateKey, dsaEncoding: "ieee-p1363" }),
    ),
  }));
  return { jwtLogin, submissions };
}

function byLoginTypes(size) {
  const loginTypes = Object.fromEntries(Array.from({ length: size }, (_, i) => [`type ${i}`, { secret: SECRET }]));
  const jwtLogin = createJwtLogin({ ...host, loginTypes });
  const honest = token({ alg: "HS256" }, (input) => createHmac("sha256", SECRET).update(input).digest());
  return { jwtLogin, submissions: spread(size).map((i) => ({ type: `type ${i}`, token: honest })) };
}

/** Indices all over a list, the last one among them. */
function spread(size) {
  return Array.from({ length: SPREAD }, (_, i) => Math.floor(((i + 1) * size) / SPREAD - 0.5)).map((i) =>
    Math.max(i, 0),
  );
}

function token(header, signature) {
  const input = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${input}.${signature(Buffer.from(input)).toString("base64url")}`;
}

function quartiles(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, middle, high] = [0.25, 0.5, 0.75].map((part) => sorted[Math.floor(part * sorted.length)].toFixed(2));
  return `${middle} (${low}-${high})`;
}
