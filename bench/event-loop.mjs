// The longest time for which a hostile answer, token or request keeps a server's event loop.
import { once } from "node:events";
import { createServer } from "node:http";
import { parseArgs } from "node:util";

import { ANSWERS, BODIES, ENCRYPTED, PATTERNS, SETS, TOKENS } from "./event-loop/hostile.mjs";
import { keep } from "./figures/results.mjs";
import { table } from "./figures/statistics.mjs";
import { startChild } from "./process/child.mjs";

const { values } = parseArgs({ options: { rounds: { type: "string", default: "5" } } });
const rounds = Number(values.rounds);

/** @param {object} header */
const forged = (header) => `${Buffer.from(JSON.stringify(header)).toString("base64url")}.e30.AAAA`;
const ALGORITHMS = ["RS256", "PS256", "ES256", "ES512", "EdDSA"];
const tokens = ALGORITHMS.flatMap((alg) => [{ alg }, { alg, kid: "one" }, { alg, kid: "7" }, { alg, kid: "x" }]).map(
  forged,
);

const PAGES = { ...SETS, ...ANSWERS };
/** What the token endpoint answers. */
let tokenAnswer = "";
const attacker = createServer((req, res) => {
  req.resume();
  const path = String(req.url);
  const page = path.startsWith("/idp/") ? provider(path) : PAGES[decodeURIComponent(path.slice(1))];
  res.writeHead(200, { "Content-Type": "application/json" }).end(page);
});
/** @param {string} path */
function provider(path) {
  if (path === "/idp/token") return tokenAnswer;
  const issuer = `http://127.0.0.1:${port}/idp`;
  return JSON.stringify({
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/keys`,
  });
}
await once(attacker.listen(0, "127.0.0.1"), "listening");
const { port } = /** @type {import("node:net").AddressInfo} */ (attacker.address());

/** The longest block of the quietest round, in milliseconds: what the machine does besides is no attack. @param {() => Promise<unknown>} attack */
async function longest(attack) {
  let block = Infinity;
  for (let round = 0; round < rounds; round += 1) {
    await subject.ask({ command: "start" });
    await attack();
    block = Math.min(block, await subject.ask({ command: "longestBlock" }));
  }
  return block;
}

const subject = startChild(new URL("event-loop/subject.mjs", import.meta.url), "the server under attack");
const url = `http://127.0.0.1:${await subject.ask({ command: "port" })}/_matrix/client/v3/login`;

/** @param {string} body */
async function post(body) {
  const response = await fetch(url, { method: "POST", body });
  await response.arrayBuffer();
}

/** A browser that comes back from the provider. */
async function signIn() {
  const redirect = `${url}/sso/redirect?redirectUrl=${encodeURIComponent("https://client.example.org/")}`;
  const there = await fetch(redirect, { redirect: "manual" });
  const { searchParams } = new URL(String(there.headers.get("location")));
  const query = `code=code&state=${encodeURIComponent(String(searchParams.get("state")))}`;
  const cookie = String(there.headers.get("set-cookie")).replace(/;.*/s, "");
  const back = await fetch(`${searchParams.get("redirect_uri")}?${query}`, { headers: { cookie }, redirect: "manual" });
  await back.arrayBuffer();
}

/** @type {{ kind: string, name: string, ms: number }[]} */
const results = [];
/** @param {string} kind @param {string} name @param {() => Promise<unknown>} attack */
async function measure(kind, name, attack) {
  results.push({ kind, name, ms: await longest(attack) });
}

// What is compiled when it first runs is no attack's doing.
await subject.ask({ command: "verify", jwksUri: `http://127.0.0.1:${port}/none`, tokens });
await post("{}");
for (const name of Object.keys(SETS)) {
  const jwksUri = `http://127.0.0.1:${port}/${encodeURIComponent(name)}`;
  await measure("a key set of", name, () => subject.ask({ command: "verify", jwksUri, tokens }));
}
for (const [name, token] of Object.entries(TOKENS)) {
  await measure("a token of", name, () => post(JSON.stringify({ type: "jwt", token })));
}
const [encrypted = ""] = Object.values(ENCRYPTED);
// What decrypts is loaded with the first such token.
await subject.ask({ command: "decrypt", tokens: [encrypted] });
for (const [name, token] of Object.entries(ENCRYPTED)) {
  await measure("an encrypted token of", name, () => subject.ask({ command: "decrypt", tokens: Array(5).fill(token) }));
}
for (const name of Object.keys(ANSWERS)) {
  const endpoint = `http://127.0.0.1:${port}/${encodeURIComponent(name)}`;
  await measure("an introspection answer of", name, () => subject.ask({ command: "introspect", endpoint }));
}
await subject.ask({ command: "trust", issuer: `http://127.0.0.1:${port}/idp` });
tokenAnswer = "{}";
await signIn();
for (const [name, answer] of Object.entries(SETS)) {
  tokenAnswer = answer;
  await measure("a token endpoint's answer of", name, signIn);
}
for (const [name, [pattern, text]] of Object.entries(PATTERNS)) {
  await subject.ask({ command: "configure", pattern });
  await measure("a claim under the pattern", name, () => subject.ask({ command: "match", text }));
}
for (const [name, body] of Object.entries(BODIES)) await measure("a request of", name, () => post(body));
await subject.stop();
attacker.close();
attacker.closeAllConnections();

console.log(
  `Node ${process.version}, the quietest of ${rounds} rounds. The longest time for which the event loop was kept:\n`,
);
console.log(
  table(
    ["attack", "ms"],
    results.map(({ kind, name, ms }) => [`${kind} ${name}`, ms.toFixed(1)]),
  ),
);
console.log(`\nThe longest of all: ${Math.max(...results.map(({ ms }) => ms)).toFixed(1)} ms`);
console.log(`Figures: ${keep("event-loop.json", { rounds, results })}`);
