import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { matrixBearerAuth, type AccessTokenRules, type MatrixBearerAuth } from "matrix-jwt-login";

import { serveForTest } from "../helpers/test-hosts.js";
import { ED25519, P256 } from "../helpers/keys.js";
import { QUICK } from "../helpers/remote-login.js";
import { until } from "../helpers/until.js";
import { guarded } from "../access/helpers/guarded.js";
import { send } from "../helpers/http-client.js";
import { signIn } from "./helpers/clients.js";
import { APP, MATRIX, OPAQUE, SCOPE, SERVICE, serveOidcProvider, type OidcProvider } from "./helpers/oidc-provider.js";

const OLD = { algorithm: "ES256", kid: "old", pair: P256 } as const;
const NEW = { algorithm: "EdDSA", kid: "new", pair: ED25519 } as const;

let idp: OidcProvider;
beforeEach(async () => {
  idp = await serveOidcProvider(OLD);
});
afterEach(() => idp.close());

const check = (tokens: AccessTokenRules, options: object = {}): MatrixBearerAuth =>
  matrixBearerAuth({ serverName: "example.org", logger: false, tokens, ...options });

const jwts = (jwksOptions: object = {}): AccessTokenRules => ({
  issuer: idp.issuer,
  discover: true,
  audience: MATRIX,
  tokenType: "at+jwt",
  requiredScopes: [SCOPE],
  jwksOptions: { ...QUICK, ...jwksOptions },
});

const opaque = (): AccessTokenRules => ({
  issuer: idp.issuer,
  audience: OPAQUE,
  requiredScopes: [SCOPE],
  introspection: { discover: true, clientId: SERVICE.id, clientSecret: SERVICE.secret },
});

describe("oidc-provider's access tokens", () => {
  test("that are JWTs are accepted, and its ID tokens are not", async () => {
    const { access_token: access, id_token: id } = await signIn(idp.issuer);
    const { ask } = await guarded(check(jwts()));
    expect((await ask(`Bearer ${access}`)).json["matrix"]).toMatchObject({
      userId: "@alice:example.org",
      scopes: [SCOPE],
    });
    expect((await ask(`Bearer ${id}`)).json).toMatchObject({ errcode: "M_UNKNOWN_TOKEN", soft_logout: false });
  });

  test("that are opaque are accepted until they are revoked, and cache.maxAge is over", async () => {
    const { access_token: access } = await signIn(idp.issuer, OPAQUE);
    const { ask } = await guarded(check(opaque(), { cache: { maxAge: 0.3 } }));
    expect((await ask(`Bearer ${access}`)).json["matrix"]).toMatchObject({ userId: "@alice:example.org" });
    const body = new URLSearchParams({ token: access, client_id: APP.id });
    expect((await fetch(`${idp.issuer}/token/revocation`, { method: "POST", body })).status).toBe(200);
    await until(async () => (await ask(`Bearer ${access}`)).status === 401);
    expect((await ask(`Bearer ${access}`)).json).toMatchObject({ errcode: "M_UNKNOWN_TOKEN", soft_logout: true });
  });

  test("are to be had where auth.metadata says", async () => {
    for (const tokens of [jwts(), opaque()]) {
      const { url } = await guarded(check(tokens).metadata);
      const { json } = await send(url, { method: "GET", path: "/_matrix/client/v1/auth_metadata" });
      expect(json).toMatchObject({ issuer: idp.issuer, token_endpoint: expect.any(String) });
    }
  });
});

describe("a signing key that is rotated while three replicas serve requests", () => {
  test("refuses no honest request, and the old key's tokens once it is withdrawn", async () => {
    const replicas = await Promise.all(
      [1, 2, 3].map(async () => {
        const auth = check(jwts({ cacheMaxAge: 0.2 }));
        const { url } = await serveForTest((req, res) => {
          auth(req, res, () => res.end());
        });
        return url;
      }),
    );
    const ask = async (url: string, token: string) =>
      (await send(url, { method: "GET", headers: { Authorization: `Bearer ${token}` } })).status;
    const old = (await signIn(idp.issuer)).access_token;
    let newest = old;
    let running = true;
    const statuses = new Set<number>();
    let rounds = 0;
    const clients = replicas.map(async (url) => {
      while (running) {
        statuses.add(await ask(url, newest));
        rounds += 1;
      }
    });
    const more = async () => {
      const from = rounds;
      await until(() => rounds > from + 30);
    };
    await more();
    await idp.useKeys(NEW, OLD);
    await more();
    newest = (await signIn(idp.issuer)).access_token;
    await more();
    await idp.useKeys(NEW);
    await more();
    running = false;
    await Promise.all(clients);
    expect([...statuses]).toEqual([200]);
    // 2 x cacheMaxAge + timeout, here 3.4 s.
    for (const url of replicas) await until(async () => (await ask(url, old)) === 401, 10);
    for (const url of replicas) expect(await ask(url, newest)).toBe(200);
  }, 30_000);
});
