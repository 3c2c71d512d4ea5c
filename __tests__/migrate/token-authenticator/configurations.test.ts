import { generateKeyPairSync } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { CompactEncrypt } from "jose";
import {
  createBearerAuth,
  createJwtLogin,
  fromTokenAuthenticatorConfig,
  type BearerAuthOptions,
  type Jwk,
  type MatrixError,
  type VerifiedLogin,
} from "matrix-jwt-login";

import { expectOptionsError } from "../../helpers/bad-options.js";
import { ED25519, jwk, P256, pem, privatePem, RSA, SECRET } from "../../helpers/keys.js";
import { optionsWith } from "../../helpers/login.js";
import { token, type TokenParts } from "../../helpers/tokens.js";

type Values = Readonly<Record<string, unknown>>;
type Kind = "oauth" | "oidc" | "epa";

const ISS = "https://id.example.org";
const folder = mkdtempSync(join(tmpdir(), "configurations-"));
const KEY_FILE = join(folder, "key.pem");
const PRIVATE_FILE = join(folder, "enc.pem");
writeFileSync(KEY_FILE, pem(RSA));
writeFileSync(PRIVATE_FILE, privatePem(P256));

let provider: Server;
let url: string;
let answer: Values = {};
let authorization: string | undefined;

beforeAll(async () => {
  provider = createServer((req, res) => {
    if (req.method === "POST") authorization = req.headers.authorization;
    const documents: Readonly<Record<string, unknown>> = {
      "/.well-known/openid-configuration": { issuer: `${url}/`, introspection_endpoint: `${url}/introspect` },
      "/jwks": { keys: [jwk(RSA, { kid: "rsa" })] },
      "/introspect": answer,
    };
    res.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(documents[String(req.url)]));
  });
  await new Promise<void>((resolve) => provider.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${String((provider.address() as AddressInfo).port)}`;
});
afterAll(() => {
  provider.closeAllConnections();
  provider.close();
  rmSync(folder, { recursive: true });
});

let warned: jest.SpiedFunction<typeof process.emitWarning>;
beforeEach(() => {
  warned = jest.spyOn(process, "emitWarning").mockReturnValue();
});
afterEach(() => {
  jest.restoreAllMocks();
  answer = {};
});

/** Who is logged in, and as what, or the status that refuses it. */
async function loginBy(kind: Kind, config: unknown, sent: string, submission: Values = {}) {
  let seen: VerifiedLogin | undefined;
  const { login } = createJwtLogin<string>({
    serverName: "example.org",
    loginTypes: fromTokenAuthenticatorConfig({ [kind]: config }),
    findUser: (userId, known) => {
      seen = known;
      return userId.includes("new") ? null : userId;
    },
    registerUser: (userId) => userId,
    issueToken: () => ({ accessToken: "a token" }),
    logger: false,
  });
  try {
    const { user_id } = await login({
      type: `com.famedly.login.token.${kind}`,
      identifier: { type: "m.id.user", user: "NOT_USED" },
      token: sent,
      ...submission,
    });
    return { user: user_id, ...(seen?.displayName !== undefined && { name: seen.displayName }) };
  } catch (error) {
    return (error as MatrixError).statusCode;
  }
}

const named = (user: string): Values => ({ identifier: { type: "m.id.user", user } });
const honest = (claims: Values = {}, parts: TokenParts = {}) => token({ iss: ISS, sub: "s-1", ...claims }, parts);
const RS256: TokenParts = { algorithm: "RS256", header: { kid: "rsa" } };

describe("as people have it", () => {
  test("Keycloak's tokens, by its keys, a role and preferred_username", async () => {
    const config = {
      jwt_validation: {
        jwks_endpoint: `${url}/jwks`,
        require_expiry: true,
        required_scopes: "openid matrix",
        localpart_path: "preferred_username",
        displayname_path: "name",
        validator: ["in", ["realm_access", "roles"], ["list_any_of", ["equal", "matrix"]]],
      },
      username_type: "localpart",
      registration_enabled: true,
    };
    const claims = {
      preferred_username: "alice",
      name: "Alice",
      scope: "openid matrix",
      realm_access: { roles: ["matrix"] },
    };
    const alice = { user: "@alice:example.org", name: "Alice" };
    expect(await loginBy("oauth", config, honest(claims, RS256), named("alice"))).toEqual(alice);
    expect(await loginBy("oauth", config, honest(claims, RS256), named("bob"))).toBe(403);
    expect(await loginBy("oauth", config, honest({ ...claims, scope: "openid" }, RS256), named("alice"))).toBe(403);
    expect(
      await loginBy("oauth", config, honest({ ...claims, realm_access: { roles: [] } }, RS256), named("alice")),
    ).toBe(403);
    expect(
      await loginBy("oauth", config, honest({ ...claims, preferred_username: undefined }, RS256), named("bob")),
    ).toBe(403);
  });

  test("Keycloak's tokens, by introspection", async () => {
    const config = {
      introspection_validation: {
        endpoint: `${url}/introspect`,
        auth: { type: "basic", username: "matrix", password: "secret" },
        validator: ["in", "active", ["equal", true]],
        localpart_path: "username",
      },
    };
    answer = { active: true, iss: ISS, sub: "s-1", username: "alice", token_type: "Bearer", typ: "Bearer" };
    expect(await loginBy("oauth", config, "opaque")).toEqual({ user: "@alice:example.org" });
    expect(authorization).toBe(`Basic ${Buffer.from("matrix:secret").toString("base64")}`);
    answer = { ...answer, typ: "Refresh" };
    expect(await loginBy("oauth", config, "opaque")).toBe(403);
    answer = { active: true, iss: ISS, username: "alice" };
    expect(await loginBy("oauth", config, "opaque")).toBe(403);
  });

  test("Zitadel's tokens, by oidc", async () => {
    const config = {
      issuer: `${url}/`,
      client_id: "218528@matrix",
      client_secret: "p+w d",
      project_id: 5678,
      organization_id: 1234,
      allowed_client_ids: ["218528@matrix"],
      allow_registration: true,
    };
    const roles = "urn:zitadel:iam:org:project:5678:roles";
    const good = {
      active: true,
      iss: `${url}/`,
      sub: "1",
      client_id: "218528@matrix",
      localpart: "alice",
      [roles]: { User: {} },
    };
    answer = good;
    expect(await loginBy("oidc", config, "opaque", named("alice"))).toEqual({ user: "@alice:example.org" });
    expect(authorization).toBe(`Basic ${Buffer.from("218528@matrix:p+w d").toString("base64")}`);
    expect(await loginBy("oidc", config, "opaque", named("bob"))).toBe(403);
    const refused = [
      { [roles]: { Admin: {} } },
      { [roles]: "User" },
      { [roles]: null },
      { client_id: "218528" },
      { iss: undefined },
      { iss: url },
      { localpart: "@alice:example.org" },
      { active: false },
    ];
    for (const more of refused) {
      answer = { ...good, ...more };
      expect([more, await loginBy("oidc", config, "opaque", named("alice"))]).toEqual([more, 403]);
    }
    answer = { ...good, [roles]: ["OrgAdmin"], client_id: "other" };
    const any = { ...config, allowed_client_ids: null };
    expect(await loginBy("oidc", any, "opaque", named("alice"))).toEqual({ user: "@alice:example.org" });
    const one = { ...config, allowed_client_ids: "other" };
    expect(await loginBy("oidc", one, "opaque", named("alice"))).toEqual({ user: "@alice:example.org" });
  });

  test("Authentik's tokens, with groups, and names from either of two claims", async () => {
    const config = {
      jwt_validation: {
        jwk_set: { keys: [jwk(RSA, { kid: "rsa", use: "sig" })] },
        localpart_path: [["matrix", "localpart"], ["preferred_username"]],
        displayname_path: [["nickname"], ["name"]],
        validator: {
          type: "all_of",
          validators: [
            ["in", "groups", ["list_any_of", ["regex", "matrix-(?!guests).+"]]],
            ["not", ["in", "groups", ["list_any_of", ["equal", "banned"]]]],
          ],
        },
      },
    };
    const claims = { preferred_username: "alice", name: "Alice", groups: ["matrix-staff"] };
    expect(await loginBy("oauth", config, honest(claims, RS256))).toEqual({
      user: "@alice:example.org",
      name: "Alice",
    });
    const matrix = { ...claims, matrix: { localpart: "bob" }, nickname: "Al" };
    expect(await loginBy("oauth", config, honest(matrix, RS256))).toEqual({ user: "@bob:example.org", name: "Al" });
    expect(await loginBy("oauth", config, honest({ ...claims, groups: ["matrix-guests"] }, RS256))).toBe(403);
    expect(await loginBy("oauth", config, honest({ ...claims, groups: ["matrix-a", "banned"] }, RS256))).toBe(403);
  });

  test("an internal issuer's tokens, by a PEM file, with full user IDs", async () => {
    const config = {
      jwt_validation: { jwk_file: KEY_FILE, fq_uid_path: "mxid" },
      username_type: "fq_uid",
      check_external_id: false,
    };
    const alice = "@alice:example.org";
    expect(await loginBy("oauth", config, honest({ mxid: alice }, RS256), named(alice))).toEqual({ user: alice });
    expect(await loginBy("oauth", config, honest({ mxid: alice }, RS256), named("alice"))).toBe(403);
    expect(
      await loginBy("oauth", config, honest({ mxid: "@alice:example.com" }, RS256), named("@alice:example.com")),
    ).toBe(403);
    expect(await loginBy("oauth", config, honest({ mxid: "alice" }, RS256), named("alice"))).toBe(403);
    expect(await loginBy("oauth", config, honest({ mxid: 5 }, RS256), named(alice))).toBe(403);
    expect(await loginBy("oauth", config, honest({ mxid: alice, typ: 7 }, RS256), named(alice))).toBe(403);
    expect(warned).not.toHaveBeenCalled();
  });

  test("an internal issuer's tokens, by a set of all kinds of keys", async () => {
    const k = Buffer.from(SECRET).toString("base64url");
    const keys = [
      jwk(RSA, { kid: "rsa" }),
      jwk(P256, { kid: "ec" }),
      jwk(ED25519, { kid: "ed" }),
      { kty: "oct", k, kid: "oct" },
    ];
    const config = (jwk_set: unknown) => ({
      jwt_validation: { jwk_set, user_id_path: "user" },
      username_type: "user_id",
    });
    const alice = { user: "@alice:example.org" };
    for (const [algorithm, kid] of [
      ["RS256", "rsa"],
      ["ES256", "ec"],
      ["EdDSA", "ed"],
      ["HS256", "oct"],
    ] as const) {
      const parts = { algorithm, header: { kid } };
      expect(await loginBy("oauth", config({ keys }), honest({ user: "alice" }, parts), named("alice"))).toEqual(alice);
      const other = { algorithm, header: { kid: "other" } };
      expect(await loginBy("oauth", config({ keys }), honest({ user: "alice" }, other), named("alice"))).toBe(403);
    }
    const secrets = { keys: [{ kty: "oct", k, alg: "HS512" }] };
    const HS512: TokenParts = { algorithm: "HS512" };
    expect(
      await loginBy("oauth", config(secrets), honest({ user: "@alice:example.org" }, HS512), named("alice")),
    ).toEqual(alice);
    expect(await loginBy("oauth", config(secrets), honest({ user: "alice" }), named("alice"))).toBe(403);
    expect(await loginBy("oauth", config(secrets), honest({ user: "alice" }, RS256), named("alice"))).toBe(403);
    const named5 = { ...named("alice"), user: 5 };
    expect(await loginBy("oauth", config(secrets), honest({ user: "alice" }, HS512), named5)).toBe(403);
    const oauth = { jwt_validation: { jwk_set: { keys }, user_id_path: "user" } };
    const loginTypes = fromTokenAuthenticatorConfig({ oauth });
    await createJwtLogin({ ...optionsWith(), loginTypes }).ready();
    const tokens = {
      jwks: loginTypes["com.famedly.login.token.oauth"]?.jwks,
      tokenType: "at+jwt",
    } as BearerAuthOptions["tokens"];
    const { authenticate } = createBearerAuth({ serverName: "example.org", tokens });
    for (const algorithm of ["HS256", "RS256"] as const) {
      const accessToken = honest(
        {},
        { algorithm, header: { typ: "at+jwt", kid: algorithm === "RS256" ? "rsa" : "oct" } },
      );
      for (let times = 0; times < 2; times += 1) {
        expect(await authenticate(`Bearer ${accessToken}`)).toMatchObject({ userId: "@s-1:example.org" });
      }
    }
    const short = { keys: [...keys, { kty: "oct", k: "AAAA" }] };
    await loginBy("oauth", config(short), honest({ user: "alice" }), named("alice"));
    expect(warned.mock.calls.map(([text]) => String(text))).toContainEqual(expect.stringContaining("jwk_set.keys[4]"));
  });

  test("keys of a set that are not for signatures verify nothing, and spoil no other", async () => {
    const k = Buffer.from(SECRET).toString("base64url");
    const config = (keys: readonly object[]) => ({ jwt_validation: { jwk_set: { keys }, localpart_path: "sub" } });
    const unusable = [
      RSA.privateKey.export({ format: "jwk" }),
      generateKeyPairSync("x25519").publicKey.export({ format: "jwk" }),
    ];
    expect(await loginBy("oauth", config([{ kty: "oct", k }, ...unusable]), honest())).toEqual({
      user: "@s-1:example.org",
    });
    for (const members of [{ use: "enc" }, { key_ops: ["sign"] }, { key_ops: "verify" }]) {
      const keys = [{ kty: "oct", k, ...members }, jwk(RSA, { kid: "rsa" })];
      expect(await loginBy("oauth", config(keys), honest())).toBe(403);
    }
  });

  test.each([{ use: "enc" }, { key_ops: ["encrypt"] }])("a key by itself must be one that verifies: %j", (members) => {
    const k = Buffer.from(SECRET).toString("base64url");
    for (const key of [jwk(RSA), { kty: "oct", k }]) {
      const oauth = { jwt_validation: { jwk_set: { ...key, ...members }, localpart_path: "sub" } };
      expectOptionsError(
        () => fromTokenAuthenticatorConfig({ oauth }),
        `oauth.jwt_validation.jwk_set.${String(Object.keys(members)[0])}`,
        /verif/,
      );
    }
  });

  test.each<[string, unknown, TokenParts]>([
    ["public", jwk(RSA, { kid: "other", alg: "RS256" }), RS256],
    ["shared", { kty: "oct", k: Buffer.from(SECRET).toString("base64url"), kid: "other" }, { header: { kid: "a" } }],
  ])("one %s key, whatever its name", async (_, jwk_set, parts) => {
    const config = { jwt_validation: { jwk_set, localpart_path: "sub" } };
    expect(await loginBy("oauth", config, honest({}, parts))).toEqual({ user: "@s-1:example.org" });
  });

  test("both validations", async () => {
    const config = {
      jwt_validation: {
        jwk_set: jwk(RSA),
        require_expiry: true,
        localpart_path: "lp",
        displayname_path: "name",
        admin_path: [["roles", "admin"], ["is_admin"]],
        email_path: "email",
      },
      introspection_validation: {
        endpoint: `${url}/introspect`,
        auth: ["bearer", "api-token"],
        required_scopes: ["matrix"],
        validator: ["in", "active", ["equal", true]],
        localpart_path: "username",
        fq_uid_path: "mxid",
        displayname_path: "name",
        admin_path: "is_admin",
        email_path: "email",
      },
    };
    const claims = { lp: "alice", name: "Alice", email: "a@example.org", is_admin: false };
    const good = {
      active: true,
      scope: "matrix",
      ...claims,
      username: "alice",
      mxid: "@alice:example.org",
      sub: "s-1",
    };
    const alice = { user: "@alice:example.org", name: "Alice" };
    answer = good;
    expect(await loginBy("oauth", config, honest(claims, RS256))).toEqual(alice);
    expect(authorization).toBe("Bearer api-token");
    const refused = [
      { username: "bob" },
      { mxid: "@bob:example.org" },
      { name: "Bob" },
      { email: "b@example.org" },
      { is_admin: true },
      { scope: "other" },
      { sub: "s-2" },
      { iss: "https://id.example.com" },
      { active: false },
    ];
    for (const more of refused) {
      answer = { ...good, ...more };
      expect([more, await loginBy("oauth", config, honest(claims, RS256))]).toEqual([more, 403]);
    }
    answer = good;
    expect(await loginBy("oauth", config, honest({ ...claims, exp: undefined }, RS256))).toBe(403);
    expect(await loginBy("oauth", config, honest({ ...claims, iss: undefined }, RS256))).toBe(403);
    expect(await loginBy("oauth", config, honest({ ...claims, sub: undefined }, RS256))).toEqual(alice);
    expect(await loginBy("oauth", config, honest({}, RS256))).toEqual(alice);
  });

  test("epa, encrypted to a key in a file", async () => {
    const config = {
      iss: ISS,
      resource_id: "https://matrix.example.org",
      enc_jwk_file: PRIVATE_FILE,
      jwk_set: jwk(RSA),
      localpart_path: ["ids", "kvnr"],
      displayname_path: "urn:telematik:claims:display_name",
      lowercase_localpart: true,
      registration_enabled: true,
      validator: ["in", "acr", ["equal", "gematik-ehealth-loa-high"]],
    };
    const claims = {
      aud: "https://matrix.example.org",
      jti: "1",
      ids: { kvnr: "X110" },
      acr: "gematik-ehealth-loa-high",
      "urn:telematik:claims:display_name": "Dr. A",
    };
    const sealed = (more: Values = {}, header: Values = { typ: "at+jwt" }, key = P256.publicKey) =>
      new CompactEncrypt(Buffer.from(honest({ ...claims, ...more }, { algorithm: "RS256", header })))
        .setProtectedHeader({ alg: "ECDH-ES", enc: "A256GCM", cty: "JWT" })
        .encrypt(key);
    expect(await loginBy("epa", config, await sealed())).toEqual({ user: "@x110:example.org", name: "Dr. A" });
    expect(await loginBy("epa", config, await sealed({ ids: { kvnr: "new" } }))).toMatchObject({
      user: "@new:example.org",
    });
    for (const more of [
      { aud: [claims.aud] },
      { jti: null },
      { jti: "" },
      { acr: "low" },
      { iss: "x" },
      { ids: {} },
      { exp: undefined },
    ]) {
      expect([more, await loginBy("epa", config, await sealed(more))]).toEqual([more, 403]);
    }
    expect(await loginBy("epa", config, await sealed({}, { typ: "JWT" }))).toBe(403);
    expect(await loginBy("epa", config, honest(claims, RS256))).toBe(403);
    expect(await loginBy("epa", config, await sealed(), { identifier: undefined })).toBe(403);
    const least = { ...config, displayname_path: null, lowercase_localpart: null, validator: null };
    expect(await loginBy("epa", least, await sealed())).toEqual({ user: "@X110:example.org" });
  });

  test("epa, encrypted to a JWK, which is to be published", () => {
    const enc = { ...P256.privateKey.export({ format: "jwk" }), kid: "enc" };
    const epa = {
      iss: ISS,
      resource_id: "r",
      enc_jwk: enc as Jwk,
      jwks_endpoint: `${url}/jwks`,
      localpart_path: "sub",
    };
    const { encryptionKeys } = createJwtLogin<string>({
      serverName: "example.org",
      loginTypes: fromTokenAuthenticatorConfig({ epa: { ...epa, expose_metadata_resource: { name: "epa" } } }),
      findUser: (userId) => userId,
      issueToken: () => ({ accessToken: "a token" }),
    });
    expect(encryptionKeys()).toEqual({ keys: [{ ...jwk(P256), use: "enc", kid: "enc" }] });
    expect(warned).toHaveBeenCalledTimes(1);
  });
});

describe("who logs in", () => {
  const config = (type: unknown = null) => ({
    jwt_validation: { jwk_set: jwk(RSA), localpart_path: "lp", fq_uid_path: "id", user_id_path: "either" },
    username_type: type,
    check_external_id: false,
  });

  test.each<[string, Values, unknown, Values, string | undefined]>([
    ["nobody", {}, null, {}, undefined],
    ["an empty localpart", { lp: "" }, null, {}, undefined],
    ["a localpart that is no text", { lp: false }, null, {}, undefined],
    ["a localpart", { lp: "alice" }, null, {}, "alice"],
    ["a localpart that is a user ID", { lp: "@alice:example.org" }, null, {}, "alice"],
    ["a localpart that is half a user ID", { lp: "@alice" }, null, {}, undefined],
    ["a localpart with a colon", { lp: "a:b" }, null, {}, undefined],
    ["a user ID", { id: "@alice:example.org" }, null, {}, "alice"],
    ["both", { lp: "alice", id: "@alice:example.org" }, null, {}, "alice"],
    ["both, of different users", { lp: "alice", id: "@bob:example.org" }, null, {}, undefined],
    ["either, as a localpart", { either: "alice" }, null, {}, "alice"],
    ["either, as a user ID", { either: "@alice:example.org", lp: "alice" }, null, {}, "alice"],
    ["either, of another", { either: "bob", lp: "alice" }, null, {}, undefined],
    ["no identifier", { lp: "alice" }, null, { identifier: undefined }, undefined],
    ["the older user", { lp: "alice" }, null, { identifier: undefined, user: "x" }, "alice"],
    ["an identifier without user", { lp: "alice" }, null, { identifier: { type: "m.id.user" } }, undefined],
    ["the localpart named", { lp: "alice" }, "localpart", named("alice"), "alice"],
    ["the localpart named by its user ID", { lp: "alice" }, "localpart", named("@alice:example.org"), undefined],
    ["a user ID named by its localpart", { id: "@alice:example.org" }, "localpart", named("alice"), "alice"],
    [
      "a user ID for a localpart, named so",
      { lp: "@alice:example.org" },
      "localpart",
      named("@alice:example.org"),
      "alice",
    ],
    ["a user ID for a localpart, named by that", { lp: "@alice:example.org" }, "localpart", named("alice"), undefined],
    ["a user ID named", { lp: "alice" }, "fq_uid", named("@alice:example.org"), "alice"],
    ["a user ID asked for and not named", { lp: "alice" }, "fq_uid", named("alice"), undefined],
    ["a user ID of another server named", { lp: "alice" }, "fq_uid", named("@alice:example.com"), undefined],
    ["either named, a localpart", { lp: "alice" }, "user_id", named("alice"), "alice"],
    ["either named, a user ID", { lp: "alice" }, "user_id", named("@alice:example.org"), "alice"],
    ["another named", { lp: "alice" }, "user_id", named("bob"), undefined],
    ["nobody named", { lp: "alice" }, "user_id", { identifier: undefined }, undefined],
    ["a number named", { lp: "alice" }, "localpart", { identifier: { type: "m.id.user", user: 5 } }, undefined],
  ])("by %s", async (_, claims, type, submission, expected) => {
    const outcome = await loginBy("oauth", config(type), honest(claims, RS256), submission);
    expect(outcome).toEqual(expected === undefined ? 403 : { user: `@${expected}:example.org` });
  });
});

test("an object named is not the token's user, though the name is judged before the identifier with linked accounts", async () => {
  const oauth = { jwt_validation: { jwk_set: jwk(RSA), localpart_path: "lp" }, username_type: "localpart" as const };
  const type = "com.famedly.login.token.oauth";
  const login = createJwtLogin({
    ...optionsWith(),
    loginTypes: fromTokenAuthenticatorConfig({ oauth }),
    externalIds: { find: () => "@alice:example.org", link: () => true },
  });
  const identifier = { type: "m.id.user", user: { toString: 1 } };
  const sent = { type, token: honest({ lp: "alice" }, RS256), identifier };
  await expect(login.login(sent)).rejects.toMatchObject({ statusCode: 403, errcode: "M_FORBIDDEN" });
});

describe("what is left to the host", () => {
  test("is named once, with where to do it", () => {
    fromTokenAuthenticatorConfig({
      jwt: { secret: SECRET },
      oauth: {
        jwt_validation: { jwk_set: { ...jwk(RSA) }, localpart_path: "sub", admin_path: "admin", email_path: "email" },
        notify_on_registration: {
          url: "https://hook.example.org",
          auth: ["basic", "a", "b"],
          interrupt_on_error: false,
        },
        expose_metadata_resource: { name: "meta", x: 1 },
      },
      epa: {
        iss: ISS,
        resource_id: "r",
        enc_jwk_file: PRIVATE_FILE,
        jwk_file: KEY_FILE,
        localpart_path: "sub",
        enc_jwks_endpoint: "/keys.json",
      },
    });
    expect(warned).toHaveBeenCalledTimes(1);
    const [text, options] = warned.mock.calls[0] as unknown as [string, object];
    expect(options).toMatchObject({ code: "MATRIX_JWT_LOGIN_HOST_TASK" });
    for (const setting of [
      "oauth.jwt_validation.admin_path: ",
      "oauth.jwt_validation.email_path: ",
      "oauth.notify_on_registration: ",
      "oauth.expose_metadata_resource: ",
      "oauth.check_external_id: ",
      "epa.enc_jwks_endpoint: serve jwtLogin.encryptionKeys() as JSON at /keys.json",
    ]) {
      expect(text).toContain(setting);
    }
    expect(text).not.toContain("hook.example.org");
  });

  test("is nothing, and then nothing is said", () => {
    fromTokenAuthenticatorConfig({ jwt: { secret: SECRET } });
    expect(warned).not.toHaveBeenCalled();
  });
});

test("a whole entry of Synapse's modules is an options error that says what to give", () => {
  const entry = { module: "synapse_token_authenticator.TokenAuthenticator", config: { jwt: { secret: "x" } } };
  expectOptionsError(() => fromTokenAuthenticatorConfig(entry as never), "", /give what is under its `config`/);
});

test("an empty part counts as none", () => {
  expect(
    Object.keys(fromTokenAuthenticatorConfig({ jwt: { secret: SECRET }, oauth: {}, oidc: null, epa: null })),
  ).toEqual(["com.famedly.login.token"]);
  expect(fromTokenAuthenticatorConfig({ oauth: {} })).toEqual({});
});

describe("an options error is", () => {
  const jwt = { jwk_set: {}, localpart_path: "sub" };
  const oauth = (more: object) => ({ oauth: { jwt_validation: { ...jwt, jwk_set: jwk(RSA), ...more } } });
  const intro = (more: object) => ({
    oauth: { introspection_validation: { endpoint: "https://a.org", localpart_path: "sub", ...more } },
  });
  const oidc = { issuer: ISS, client_id: "a", client_secret: "b", project_id: "1" };
  const enc = P256.privateKey.export({ format: "jwk" });
  const epa = { iss: ISS, resource_id: "r", enc_jwk: enc, jwk_file: KEY_FILE, localpart_path: "sub" };

  test.each<[string, object, string, RegExp]>([
    ["an unknown part", { oauth: {}, saml: {} }, "saml", /is not an option/],
    ["text for a part", { oauth: "x" }, "oauth", /must be an object/],
    [
      "no validation",
      { oauth: { registration_enabled: true } },
      "oauth.jwt_validation",
      /is required, or introspection_validation/,
    ],
    ["an unknown setting", { oauth: { jwt_validation: jwt, jwks: 1 } }, "oauth.jwks", /is not an option/],
    ["an unknown setting of keys", oauth({ alg: "RS256" }), "oauth.jwt_validation.alg", /is not an option/],
    [
      "undefined",
      oauth({ required_scopes: undefined }),
      "oauth.jwt_validation.required_scopes",
      /environment variable/,
    ],
    ["no path to the user", oauth({ localpart_path: null }), "oauth", /must name the token's user/],
    [
      "an unknown username_type",
      { oauth: { ...oauth({}).oauth, username_type: "email" } },
      "oauth.username_type",
      /must be one of/,
    ],
    [
      "no keys",
      { oauth: { jwt_validation: { localpart_path: "sub" } } },
      "oauth.jwt_validation.jwk_set",
      /is required, or jwk_file/,
    ],
    [
      "a key that is none",
      oauth({ jwk_set: { kty: "RSA" } }),
      "oauth.jwt_validation.jwk_set",
      /can't be read as a JWK/,
    ],
    ["a private key", oauth({ jwk_set: enc }), "oauth.jwt_validation.jwk_set", /holds a private key/],
    [
      "a key for encryption",
      oauth({ jwk_set: jwk(RSA, { use: "enc" }) }),
      "oauth.jwt_validation.jwk_set.use",
      /must be sig/,
    ],
    [
      "a secret that is none",
      oauth({ jwk_set: { kty: "oct", k: "!" } }),
      "oauth.jwt_validation.jwk_set.k",
      /base64url/,
    ],
    ["an empty set", oauth({ jwk_set: { keys: [] } }), "oauth.jwt_validation.jwk_set.keys", /empty list/],
    ["text in a set", oauth({ jwk_set: { keys: ["a"] } }), "oauth.jwt_validation.jwk_set.keys[0]", /must be an object/],
    [
      "a path that is a number",
      oauth({ localpart_path: 1 }),
      "oauth.jwt_validation.localpart_path",
      /must be a string/,
    ],
    [
      "scopes that are none",
      oauth({ required_scopes: [] }),
      "oauth.jwt_validation.required_scopes",
      /must be a string, not a list/,
    ],
    ["a flag that is text", oauth({ require_expiry: "yes" }), "oauth.jwt_validation.require_expiry", /true or false/],
    ["no endpoint", intro({ endpoint: null }), "oauth.introspection_validation.endpoint", /is required/],
    [
      "authentication without type",
      intro({ auth: { token: "x" } }),
      "oauth.introspection_validation.auth.type",
      /must be one of/,
    ],
    [
      "authentication by digest",
      intro({ auth: ["digest"] }),
      "oauth.introspection_validation.auth[0]",
      /must be one of/,
    ],
    [
      "basic without password",
      intro({ auth: ["basic", "a"] }),
      "oauth.introspection_validation.auth[2]",
      /must be a string/,
    ],
    ["bearer with more", intro({ auth: ["bearer", "a", "b"] }), "oauth.introspection_validation.auth", /too much/],
    [
      "bearer with a name",
      intro({ auth: { type: "bearer", token: "a", username: "b" } }),
      "oauth.introspection_validation.auth.username",
      /not an option/,
    ],
    [
      "a hook without URL",
      { oauth: { ...oauth({}).oauth, notify_on_registration: {} } },
      "oauth.notify_on_registration.url",
      /is required/,
    ],
    [
      "metadata without name",
      { oauth: { ...oauth({}).oauth, expose_metadata_resource: { x: 1 } } },
      "oauth.expose_metadata_resource.name",
      /is required/,
    ],
    ["oidc without issuer", { oidc: { ...oidc, issuer: null } }, "oidc.issuer", /is required/],
    ["oidc without project", { oidc: { ...oidc, project_id: null } }, "oidc.project_id", /is required/],
    ["a project whose digits are lost", { oidc: { ...oidc, project_id: 2 ** 60 } }, "oidc.project_id", /in quotes/],
    ["no allowed client", { oidc: { ...oidc, allowed_client_ids: [] } }, "oidc.allowed_client_ids", /empty list/],
    ["epa without iss", { epa: { ...epa, iss: null } }, "epa.iss", /is required/],
    ["epa without resource", { epa: { ...epa, resource_id: null } }, "epa.resource_id", /is required/],
    ["epa without path", { epa: { ...epa, localpart_path: null } }, "epa.localpart_path", /is required/],
    ["epa without decryption", { epa: { ...epa, enc_jwk: null } }, "epa.enc_jwk", /is required, or enc_jwk_file/],
    ["epa without keys", { epa: { ...epa, jwk_file: null } }, "epa.jwk_set", /is required, or jwk_file/],
  ])("%s", (_, config, path, problem) => {
    expectOptionsError(() => fromTokenAuthenticatorConfig(config), path, problem);
  });
});

test("no authentication is none", async () => {
  const config = {
    introspection_validation: { endpoint: `${url}/introspect`, auth: { type: null }, localpart_path: "sub" },
  };
  answer = { active: true, iss: ISS, sub: "alice" };
  expect(await loginBy("oauth", config, "opaque")).toEqual({ user: "@alice:example.org" });
  expect(authorization).toBeUndefined();
});

test.each([
  ["an object", { type: "bearer", token: undefined }, ".token"],
  ["a list", ["bearer", undefined], "[1]"],
])("an unset variable among the credentials of introspection is named: %s", (_, auth, at) => {
  const introspection = { endpoint: "https://id.example.org/introspect", localpart_path: "name", auth };
  expectOptionsError(
    () => fromTokenAuthenticatorConfig({ oauth: { introspection_validation: introspection } } as never),
    `oauth.introspection_validation.auth${at}`,
    /is undefined; is an environment variable not set/,
  );
});

test("which keys of a jwk_set fit no token is said of shared secrets too", async () => {
  const k = Buffer.from(SECRET).toString("base64url");
  const jwk_set = {
    keys: [
      { kty: "oct", kid: "a", k },
      { kty: "oct", kid: "b", alg: "HS512", k },
      { kty: "oct", kid: "c", use: "enc", k },
      jwk(RSA, { kid: "rsa" }),
    ],
  };
  const loginTypes = fromTokenAuthenticatorConfig({ oauth: { jwt_validation: { jwk_set, localpart_path: "sub" } } });
  const warn = jest.fn<(message: unknown) => void>();
  const login = createJwtLogin({ ...optionsWith(), loginTypes, logger: { ...console, warn } });
  const lineOf = async (kid: string): Promise<unknown> => {
    const token = honest({}, { header: { kid } });
    await login.login({ type: "com.famedly.login.token.oauth", token }).catch(() => undefined);
    return warn.mock.lastCall?.[0];
  };
  const keysAre = (a: string, b: string, rsa: string) =>
    `its keys are (kid "a", kty "oct"): ${a}; (kid "b", kty "oct", alg "HS512"): ${b}; (kid "c", kty "oct", use "enc"): its "use" is not "sig"; (kid "rsa", kty "RSA"): ${rsa}`;
  expect(await lineOf("unknown")).toContain(keysAre("another kid", "another kid", "another kid"));
  expect(await lineOf("b")).toContain(keysAre("another kid", "not for HS256", "another kid"));
  expect(JSON.stringify(warn.mock.calls)).not.toContain(k);
});

test.each<[string, unknown, RegExp]>([
  ["without", undefined, /must be a string/],
  ["with an empty", "", /must not be empty/],
])("a shared secret %s k that gets into a set later is none", (_, k, problem) => {
  const secret = { kty: "oct", kid: "a", k: Buffer.from(SECRET).toString("base64url") };
  const loginTypes = fromTokenAuthenticatorConfig({
    oauth: { jwt_validation: { jwk_set: { keys: [secret] }, localpart_path: "sub" } },
  });
  Object.assign(secret, { k });
  expectOptionsError(
    () => createJwtLogin({ ...optionsWith(), loginTypes }),
    'loginTypes["com.famedly.login.token.oauth"].jwks.keys[0].k',
    problem,
  );
});

test("shared secrets in a jwk_set are taken by another copy of this package too", async () => {
  const jwk_set = { keys: [{ kty: "oct", kid: "a", k: Buffer.from(SECRET).toString("base64url") }] };
  let theirs = fromTokenAuthenticatorConfig;
  await jest.isolateModulesAsync(async () => {
    ({ fromTokenAuthenticatorConfig: theirs } = await import("matrix-jwt-login"));
  });
  const loginTypes = theirs({ oauth: { jwt_validation: { jwk_set, localpart_path: "sub" } } });
  const login = createJwtLogin({ ...optionsWith(), loginTypes });
  const identifier = { type: "m.id.user", user: "alice" };
  const made = honest({ sub: "alice" }, { header: { kid: "a" } });
  const sent = { type: "com.famedly.login.token.oauth", token: made, identifier };
  await expect(login.login(sent)).resolves.toMatchObject({ user_id: expect.stringContaining("@alice:") });
});
