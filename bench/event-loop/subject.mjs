// A server under attack, which measures how long its event loop was kept.
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";

import { createTokenVerifier, fromTokenAuthenticatorConfig, matrixJwtLogin } from "matrix-jwt-login";

import { answerParent } from "../process/parent.mjs";

const QUIET = { debug() {}, info() {}, warn() {}, error() {} };
const RESOLUTION = 1;
const delay = monitorEventLoopDelay({ resolution: RESOLUTION });

const keys = [
  generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey,
  generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey,
];
const decrypting = createTokenVerifier({ secret: "a".repeat(64), decryption: { key: keys } });

/** @type {import("matrix-jwt-login").LoginTypeOptions["authorize"]} */
let authorize;

/** @type {import("matrix-jwt-login").MatrixJwtLoginOptions<null>} */
const options = {
  serverName: "example.org",
  loginTypes: { jwt: { secret: "a".repeat(64), audience: null } },
  findUser: () => null,
  issueToken: () => ({ accessToken: "a" }),
  logger: QUIET,
};
let middleware = matrixJwtLogin(options);
const server = createServer((req, res) => {
  middleware(/** @type {any} */ (req), /** @type {any} */ (res), () => res.writeHead(404).end());
});
await once(server.listen(0, "127.0.0.1"), "listening");

answerParent({
  port: () => /** @type {import("node:net").AddressInfo} */ (server.address()).port,
  async start() {
    delay.enable();
    await sleep(50);
    delay.reset();
  },
  /** Milliseconds. */
  async longestBlock() {
    await sleep(50);
    delay.disable();
    return Math.max(0, delay.max / 1e6 - RESOLUTION);
  },
  /** @param {{ jwksUri: string, tokens: readonly string[] }} message */
  async verify({ jwksUri, tokens }) {
    const jwksOptions = { cooldown: 0.05 };
    const { verify, ready } = createTokenVerifier({ jwksUri, audience: null, jwksOptions });
    await ready().catch(() => undefined);
    await Promise.all(tokens.map((token) => verify(token).catch(() => undefined)));
  },
  /** @param {{ tokens: readonly string[] }} message */
  async decrypt({ tokens }) {
    await Promise.all(tokens.map((token) => decrypting.verify(token).catch(() => undefined)));
  },
  /** @param {{ endpoint: string }} message */
  async introspect({ endpoint }) {
    const { verify } = createTokenVerifier({
      introspection: { endpoint },
      audience: ["matrix"],
      requiredScopes: ["login"],
    });
    await verify("opaque").catch(() => undefined);
  },
  /** @param {{ issuer: string }} message */
  trust({ issuer }) {
    const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
    middleware = matrixJwtLogin({
      ...options,
      externalIds: false,
      sso: {
        publicBaseUrl: `http://127.0.0.1:${port}`,
        secret: "a".repeat(32),
        identityProviders: { a: { name: "A", issuer, clientId: "matrix" } },
      },
    });
  },
  /** @param {{ pattern: string }} message */
  configure({ pattern }) {
    const key = { kty: "oct", k: "A".repeat(86) };
    const validation = { jwk_set: { keys: [key] }, localpart_path: "sub", validator: ["in", "v", ["regex", pattern]] };
    const types = fromTokenAuthenticatorConfig({ oauth: { check_external_id: false, jwt_validation: validation } });
    authorize = types["com.famedly.login.token.oauth"]?.authorize;
  },
  /** @param {{ text: string }} message */
  match({ text }) {
    authorize?.({ v: text }, {});
  },
});
