import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { MatrixBearerAuth } from "matrix-jwt-login";
import express, { type Express } from "express";

import { runExamples } from "../helpers/examples.js";
import { serve, type RunningServer } from "../helpers/hosts.js";
import { jwk, P256 } from "../helpers/keys.js";
import { token } from "../helpers/tokens.js";
import { blocksOf } from "./helpers/pages.js";

const [own = "", provider = "", beside = "", behindService = ""] = blocksOf("docs/guides/two-ways.md", "ts").map(
  ({ code }) => code,
);

/** What the guide leaves to the reader. */
const HOST = `
const sessions = new Set();
const key = (userId, deviceId) => userId + " " + deviceId;
export const ended = { add: (deviceId) => { for (const one of sessions) if (one.endsWith(" " + deviceId)) sessions.delete(one); } };
export const db = {
  users: { find: async (userId) => (userId.startsWith("@alice:") ? { userId } : undefined) },
  sessions: {
    create: async (user, deviceId) => void sessions.add(key(user.userId, deviceId)),
    find: async (userId, deviceId) => (sessions.has(key(userId, deviceId)) ? { userId, deviceId } : undefined),
  },
  refreshTokens: { create: async (user, login) => "refresh " + login.deviceId },
};
export function authenticate(req, res, next) {
  if (req.headers.authorization === "Bearer opaque") next();
  else res.status(401).json({ errcode: "M_MISSING_TOKEN" });
}
`;

interface Modules {
  readonly host: { readonly ended: { add(deviceId: string): void } };
  readonly own: { readonly app: Express };
  readonly provider: { readonly app: Express };
  readonly beside: { readonly app: Express };
  readonly behindService: { readonly auth: MatrixBearerAuth };
}

const API_SCOPE = "urn:matrix:org.matrix.msc2967.client:api:*";
const directory = mkdtempSync(join(tmpdir(), "two-ways-"));
const running: RunningServer[] = [];
let issuer: string;
let modules: Modules;

beforeAll(async () => {
  const issuing = express();
  issuing.use(express.urlencoded());
  issuing.get("/.well-known/openid-configuration", (_req, res) => {
    res.json({ issuer, jwks_uri: `${issuer}/jwks`, introspection_endpoint: `${issuer}/introspect` });
  });
  issuing.get("/jwks", (_req, res) => {
    res.json({ keys: [jwk(P256)] });
  });
  issuing.post("/introspect", (req, res) => {
    const { token: asked } = req.body as { token: string };
    const granted = asked === "access" ? { scope: API_SCOPE, device_id: "PHONE" } : {};
    res.json({ active: asked !== "ended", iss: issuer, username: "alice", sub: "01ALICE", ...granted });
  });
  issuer = await started(issuing);

  const keyFile = join(directory, "access-token-key.pem");
  writeFileSync(keyFile, generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }));
  const here = (code: string): string =>
    code
      .replaceAll("https://id.example.org", issuer)
      .replaceAll("https://account.example.org/", issuer)
      .replace("access-token-key.pem", keyFile);
  modules = await runExamples<Modules>({
    host: HOST,
    own: here(own),
    provider: here(provider),
    beside: here(beside),
    behindService: here(behindService),
  });
});
afterAll(async () => {
  await Promise.all(running.map(({ close }) => close()));
  rmSync(directory, { recursive: true });
});

async function started(app: Express): Promise<string> {
  const server = await serve(app);
  running.push(server);
  return server.url;
}

/** What a request gets: its status, and its JSON. */
async function ask(url: string, path: string, accessToken?: string, init: RequestInit = {}) {
  const headers = accessToken === undefined ? {} : { Authorization: `Bearer ${accessToken}` };
  const answer = await fetch(`${url}/_matrix/client/${path}`, { headers, ...init });
  return { status: answer.status, json: (await answer.json()) as Record<string, unknown> };
}

/** A token of the provider's. */
function issued(
  claims: Readonly<Record<string, unknown>> = {},
  header: Readonly<Record<string, unknown>> = { typ: "at+jwt" },
): string {
  return token({ iss: issuer, aud: "matrix", ...claims }, { algorithm: "ES256", header });
}

/** An endpoint after the guide's checks. */
function withEndpoint(app: Express): Express {
  return app.get("/_matrix/client/v3/sync", (req, res) => {
    res.json({ matrix: (req as { matrix?: { userId: string } }).matrix?.userId ?? "none" });
  });
}

describe("access tokens of the server's own", () => {
  test("come of a login, say who asks, and end with their session", async () => {
    const url = await started(modules.own.app);
    const logIn = (more: object) => {
      const body = JSON.stringify({ type: "org.matrix.login.jwt", token: issued(), ...more });
      return ask(url, "v3/login", undefined, { method: "POST", body });
    };
    const { json } = await logIn({ device_id: "PHONE", refresh_token: true });
    expect(json).toMatchObject({ expires_in_ms: 300_000, refresh_token: "refresh PHONE" });
    expect((await logIn({ device_id: "LAPTOP" })).json).toMatchObject({ expires_in_ms: 86_400_000 });
    const whoami = () => ask(url, "v3/account/whoami", String(json["access_token"]));
    expect(await whoami()).toMatchObject({
      status: 200,
      json: { user_id: "@alice:example.org", device_id: "PHONE", is_guest: false },
    });
    expect(await (await fetch(`${url}/keys`)).json()).toMatchObject({ keys: [{ alg: "EdDSA", crv: "Ed25519" }] });
    modules.host.ended.add("PHONE");
    expect(await whoami()).toMatchObject({ status: 401, json: { errcode: "M_UNKNOWN_TOKEN", soft_logout: false } });
  });
});

describe("a provider's access tokens", () => {
  test("are accepted with their scope, and the provider is where auth_metadata says", async () => {
    const url = await started(withEndpoint(modules.provider.app));
    const good = issued({ scope: "urn:matrix:client:api:*" });
    expect(await ask(url, "v3/sync", good)).toMatchObject({ status: 200, json: { matrix: "@alice:example.org" } });
    expect((await ask(url, "v3/sync", issued())).status).toBe(403);
    expect((await ask(url, "v3/sync", issued({ scope: "urn:matrix:client:api:*" }, {}))).status).toBe(401);
    expect((await ask(url, "v3/sync")).json).toMatchObject({ errcode: "M_MISSING_TOKEN" });
    expect(await ask(url, "v1/auth_metadata")).toMatchObject({ status: 200, json: { issuer } });
  });

  test("are accepted beside the server's own, which its own check decides about", async () => {
    const url = await started(withEndpoint(modules.beside.app));
    expect((await ask(url, "v3/sync", issued())).json).toEqual({ matrix: "@alice:example.org" });
    expect((await ask(url, "v3/sync", "opaque")).json).toEqual({ matrix: "none" });
    expect((await ask(url, "v3/sync", "another")).status).toBe(401);
    expect((await ask(url, "v3/sync")).status).toBe(401);
    expect((await ask(url, "v3/sync", issued({ exp: 1 }))).json).toMatchObject({ errcode: "M_UNKNOWN_TOKEN" });
  });

  test("that are opaque are introspected, and its refresh tokens are none", async () => {
    const url = await started(withEndpoint(express().use(modules.behindService.auth)));
    expect((await ask(url, "v3/sync", "access")).json).toEqual({ matrix: "@alice:example.org" });
    expect((await ask(url, "v3/sync", "refresh")).status).toBe(403);
    expect((await ask(url, "v3/sync", "ended")).json).toMatchObject({ errcode: "M_UNKNOWN_TOKEN", soft_logout: true });
  });
});
