import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { toNodeHandler } from "better-auth/node";
import { matrixJwtLogin } from "matrix-jwt-login";
import { OAuth2Server } from "oauth2-mock-server";

import { listen, LOGIN } from "./hosts/own-login.mjs";
import { requestTo } from "./request.mjs";

const guide = readFileSync(join(import.meta.dirname, "..", "docs", "guides", "better-auth.md"), "utf8");

/** A host that logs in by tokens of one provider, and what `POST /login` answers there. */
async function logInWith(loginType, token) {
  const login = matrixJwtLogin({
    serverName: "example.org",
    loginTypes: { "org.matrix.login.jwt": { allowRegistration: true, ...loginType } },
    findUser: () => undefined,
    registerUser: (userId, { displayName }) => ({ userId, displayName }),
    issueToken: (user) => ({ accessToken: `for ${user.displayName}` }),
    logger: false,
  });
  const { url, close } = await listen(createServer((req, res) => login(req, res)));
  try {
    return await requestTo(url, {})("POST", LOGIN, { body: JSON.stringify({ type: "org.matrix.login.jwt", token }) });
  } finally {
    await close();
  }
}

describe("Better Auth, as its guide sets it up", () => {
  let server;
  let token;

  before(async () => {
    let handler;
    server = await listen(createServer((req, res) => handler(req, res)));
    const auth = await authOfGuide(server.url);
    handler = toNodeHandler(auth);
    await fetch(`${server.url}/api/auth/sign-up/email`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: server.url },
      body: JSON.stringify({ email: "alice@example.org", password: "correct horse battery", name: "Alice" }),
    });
    token = await tokenByCommandsOfGuide(server.url);
  });
  after(() => server.close());

  const options = (url) => ({
    jwksUri: `${url}/api/auth/jwks`,
    issuer: url,
    audience: "matrix",
    localpart: "escape",
    displayNameClaim: "name",
  });

  test("logs its user in", async () => {
    const { status, json } = await logInWith(options(server.url), token);
    assert.deepEqual([status, json.access_token], [200, "for Alice"]);
  });

  test("does not log in with a token for another audience", async () => {
    const { status } = await logInWith({ ...options(server.url), audience: server.url }, token);
    assert.equal(status, 403);
  });
});

/** The guide's commands, as printed but for the address: they sign in, and fetch a token. */
function tokenByCommandsOfGuide(url) {
  const [, commands] = /^```sh\n([\s\S]*?)^```$/m.exec(guide);
  const cwd = mkdtempSync(join(tmpdir(), "better-auth-"));
  const script = commands.replaceAll("https://app.example.org", url);
  return new Promise((resolve, reject) => {
    execFile("bash", ["-ec", script], { cwd }, (error) => {
      const token = error ?? readFileSync(join(cwd, "token.txt"), "utf8");
      rmSync(cwd, { recursive: true });
      if (error) reject(error);
      else resolve(token.trim());
    });
  });
}

/** The guide's block, at an address on loopback and over a database in memory. */
async function authOfGuide(url) {
  const [, block] = /^```js\n([\s\S]*?)^```$/m.exec(guide);
  const code = block.replace(
    'baseURL: "https://app.example.org",',
    `baseURL: ${JSON.stringify(url)},
    secret: "a secret for tests, of enough characters",
    database: memoryAdapter({ user: [], session: [], account: [], verification: [], jwks: [] }),`,
  );
  const folder = join(import.meta.dirname, "out");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "better-auth.mjs");
  writeFileSync(file, `import { memoryAdapter } from "better-auth/adapters/memory";\n${code}`);
  return (await import(file)).auth;
}

describe("a provider found by discovery, as the general guide sets it up", () => {
  const provider = new OAuth2Server();
  before(async () => {
    await provider.issuer.keys.generate("RS256");
    await provider.start(0, "127.0.0.1");
    provider.issuer.url = `http://127.0.0.1:${provider.address().port}`;
  });
  after(() => provider.stop());

  const tokenWith = (claims) =>
    provider.issuer.buildToken({
      scopesOrTransform: (header, payload) => {
        Object.assign(header, { typ: "at+jwt" });
        Object.assign(payload, { sub: "Alice", aud: "matrix", ...claims });
      },
    });
  const options = () => ({
    discover: true,
    issuer: provider.issuer.url,
    algorithms: ["RS256"],
    audience: "matrix",
    tokenType: "at+jwt",
    localpart: "escape",
  });

  test("logs its user in", async () => {
    const { status, json } = await logInWith(options(), await tokenWith({}));
    assert.deepEqual([status, json.user_id], [200, "@_alice:example.org"]);
  });

  test("does not log in with a token for another audience", async () => {
    const { status } = await logInWith(options(), await tokenWith({ aud: "billing" }));
    assert.equal(status, 403);
  });
});
