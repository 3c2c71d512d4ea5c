import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, describe, expect, jest, test } from "@jest/globals";
import {
  createJwtLogin,
  fromTokenAuthenticatorConfig,
  type TokenAuthenticatorConfig,
  type VerifiedLogin,
} from "matrix-jwt-login";

import { expectOptionsError } from "../../helpers/bad-options.js";
import { rejection } from "../../helpers/core.js";
import { EXPRESS_VERSIONS } from "../../helpers/hosts.js";
import { pem, RSA, SECRET } from "../../helpers/keys.js";
import { login as post, type User } from "../../helpers/login.js";
import { mounting } from "../../helpers/mounted.js";
import { inSeconds, token, type TokenParts } from "../../helpers/tokens.js";

const TYPE = "com.famedly.login.token";
const CONFIG = { secret: SECRET };
const UUID = "01234567-89ab-4def-8123-456789abcdef";

const folder = mkdtempSync(join(tmpdir(), "keyfile-"));
const KEY_FILE = join(folder, "key.pem");
writeFileSync(KEY_FILE, pem(RSA));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

type Values = Readonly<Record<string, unknown>>;

/** A host that moved here from the module, and knows all but carol. */
function migrated(config: TokenAuthenticatorConfig) {
  const findUser = jest.fn<(id: string, login: VerifiedLogin) => User | null>((id) =>
    id.startsWith("@carol:") ? null : { id },
  );
  const login = createJwtLogin<User>({
    serverName: "example.org",
    loginTypes: fromTokenAuthenticatorConfig(config),
    findUser,
    registerUser: (id) => ({ id }),
    issueToken: () => ({ accessToken: "an access token" }),
    logger: false,
  });
  return { login, findUser };
}

function submit(claims: Values = {}, user: unknown = "alice", parts: TokenParts = {}): Values {
  return {
    type: TYPE,
    identifier: { type: "m.id.user", user },
    token: token(claims, { algorithm: "HS512", ...parts }),
  };
}

describe.each(EXPRESS_VERSIONS)("Synapse Token Authenticator's login under %s", (_, express) => {
  const mount = mounting(express);

  test.each<[string, Values, number]>([
    ["200 for the token's user", submit(), 200],
    ["200 for a full user ID", submit({ sub: "@alice:example.org" }, "@alice:example.org"), 200],
    ["403 for another user", submit({}, "bob"), 403],
    ["403 without an identifier", { ...submit(), identifier: undefined }, 403],
  ])("is %s", async (_, json, status) => {
    const url = await mount({}, { loginTypes: fromTokenAuthenticatorConfig({ jwt: CONFIG }) });
    expect((await post(url, json)).status).toBe(status);
  });
});

describe("fromTokenAuthenticatorConfig", () => {
  const RULES = {
    secret: SECRET,
    algorithms: ["HS512"],
    subjectFormat: "either",
    identifier: "require",
    audience: null,
    displayNameClaim: "displayname",
    requireExpiry: true,
    clockTolerance: 60,
    allowRegistration: false,
    authorize: expect.any(Function),
  };

  test.each<[string, TokenAuthenticatorConfig, object]>([
    ["only a secret", { jwt: CONFIG }, {}],
    [
      "nulls",
      { jwt: { ...CONFIG, keyfile: null, algorithm: null, allow_registration: null, require_expiry: null } },
      {},
    ],
    [
      "every setting",
      { jwt: { ...CONFIG, algorithm: "HS256", allow_registration: true, require_expiry: false } },
      { algorithms: ["HS256"], allowRegistration: true, requireExpiry: false },
    ],
    [
      "a key file",
      { jwt: { keyfile: "/key.pem", algorithm: "ES256" } },
      { keyFile: "/key.pem", algorithms: ["ES256"] },
    ],
    ["the older form", CONFIG, {}],
    ["the older form with nulls", { ...CONFIG, require_expiracy: null, allow_registration: null }, {}],
    [
      "every setting of the older form",
      { ...CONFIG, algorithm: "HS384", allow_registration: true, require_expiracy: false },
      { algorithms: ["HS384"], allowRegistration: true, requireExpiry: false },
    ],
  ])("gives the module's rules for %s", (_, config, more) => {
    const { secret, ...rules } = RULES;
    expect(fromTokenAuthenticatorConfig(config)).toEqual({
      [TYPE]: { ...("keyFile" in more ? {} : { secret }), ...rules, ...more },
    });
  });

  test.each<[string, TokenAuthenticatorConfig, Values]>([
    ["with a localpart", { jwt: CONFIG }, submit()],
    ["with a localpart, named by its user ID", { jwt: CONFIG }, submit({}, "@alice:example.org")],
    ["with a user ID", { jwt: CONFIG }, submit({ sub: "@alice:example.org" }, "alice")],
    ["for any audience", { jwt: CONFIG }, submit({ aud: ["a", "b"] })],
    ["that expired less than 60 s ago", { jwt: CONFIG }, submit({ exp: inSeconds(-50) })],
    ["without expiry where that is set", { jwt: { ...CONFIG, require_expiry: false } }, submit({ exp: undefined })],
    ["without expiry where that is set flat", { ...CONFIG, require_expiracy: false }, submit({ exp: undefined })],
    ["of another type than chatbox", { jwt: CONFIG }, submit({ type: "other" })],
    [
      "of a key file's key",
      { jwt: { keyfile: KEY_FILE, algorithm: "RS256" } },
      submit({}, "alice", { algorithm: "RS256" }),
    ],
  ])("lets a token in %s", async (_, config, json) => {
    await expect(migrated(config).login.login(json)).resolves.toHaveProperty("user_id", "@alice:example.org");
  });

  test.each<[string, Values, string]>([
    ["that expired earlier", submit({ exp: inSeconds(-61) }), "expired"],
    ["without expiry", submit({ exp: undefined }), "expiry"],
    ["of another algorithm", submit({}, "alice", { algorithm: "HS256" }), "alg"],
    ["for another than the identifier names", submit({}, "bob"), "user"],
    ["of another server", submit({ sub: "@alice:example.com" }), "another server"],
    ["of nobody that is known", submit({ sub: "carol" }, "carol"), "does not exist"],
  ])("refuses a token %s", async (_, json, problem) => {
    expect(await rejection(migrated({ jwt: CONFIG }).login.login(json))).toMatchObject({
      statusCode: 403,
      errcode: "M_FORBIDDEN",
      message: expect.stringContaining(problem),
    });
  });

  test("registers users if that is set", async () => {
    const { login } = migrated({ jwt: { ...CONFIG, allow_registration: true } });
    await expect(login.login(submit({ sub: "carol" }, "carol"))).resolves.toHaveProperty(
      "user_id",
      "@carol:example.org",
    );
  });

  test("leaves admin to the host, and gives the display name", async () => {
    const { login, findUser } = migrated({ jwt: CONFIG });
    await login.login(submit({ admin: true, displayname: "Alice" }));
    expect(findUser.mock.calls[0]?.[1]).toMatchObject({ displayName: "Alice", claims: { admin: true } });
  });

  describe("a token of type chatbox", () => {
    const chatbox = (sub: string) => migrated({ jwt: CONFIG }).login.login(submit({ type: "chatbox", sub }, sub));

    test.each([UUID, `guest-${UUID}`, `@${UUID}:example.org`, `@guest_${UUID}:example.org`])(
      "is good for %s",
      async (sub) => {
        await expect(chatbox(sub)).resolves.toHaveProperty("access_token");
      },
    );

    test.each([
      "alice",
      "@alice:example.org",
      `${UUID}-alice`,
      `${UUID}0g`,
      UUID.slice(1),
      UUID.replaceAll("-", ""),
      `@${UUID}a:example.org`,
    ])("is 403 for %s", async (sub) => {
      expect(await rejection(chatbox(sub))).toMatchObject({ statusCode: 403, errcode: "M_FORBIDDEN" });
    });
  });

  test.each<[string, unknown, string, RegExp]>([
    [
      "a whole homeserver.yaml",
      { server_name: "a", modules: [] },
      "server_name",
      /options here are jwt, oidc, oauth, epa/,
    ],
    ["a part that is misspelt", { oaut: {} }, "oaut", /options here are jwt, oidc, oauth, epa; do you mean oauth\?$/],
    ["nothing", undefined, "", /must be an object, not undefined: give what is under `config`/],
    ["null", null, "", /must be an object, not null/],
    ["a list", [], "", /must be an object, not a list: give what is under `config`/],
    ["the list of modules", { modules: [] }, "modules", /options here are jwt, .*; give what is under `config`/],
    [
      "config with its name",
      { config: { jwt: CONFIG } },
      "config",
      /; give what is under `config` of the module's entry/,
    ],
    [
      "a setting of oidc beside it",
      { oidc: {}, allow_registration: true },
      "allow_registration",
      /; it belongs in oidc$/,
    ],
    [
      "a setting of two parts",
      { registration_enabled: true },
      "registration_enabled",
      /options here are jwt, oidc, oauth, epa$/,
    ],
    ["the inside of oidc", { issuer: "a", allow_registration: true }, "issuer", /; it belongs in oidc$/],
    ["the inside of oauth", { jwt_validation: {} }, "jwt_validation", /; it belongs in oauth$/],
    [
      "keys beside jwt_validation",
      { oauth: { jwks_endpoint: "x" } },
      "oauth.jwks_endpoint",
      /; it belongs in oauth\.jwt_validation$/,
    ],
    [
      "a path beside it",
      { oauth: { localpart_path: "x" } },
      "oauth.localpart_path",
      /; it belongs in jwt_validation or intro/,
    ],
    ["an endpoint at the top", { endpoint: "x" }, "endpoint", /; it belongs in oauth\.introspection_validation$/],
    [
      "the inside of jwt_validation",
      { localpart_path: "x" },
      "localpart_path",
      /options here are jwt, oidc, oauth, epa$/,
    ],
    ["the inside of epa", { enc_jwk: {} }, "enc_jwk", /; it belongs in epa$/],
    ["an empty config", {}, "secret", /is required, or keyfile/],
    ["null for jwt", { jwt: null }, "jwt", /must be an object, not null/],
    ["a text for jwt", { jwt: SECRET }, "jwt", /must be an object, not a string/],
    ["neither secret nor key file", { jwt: {} }, "jwt.secret", /is required, or keyfile/],
    ["null for both", { jwt: { secret: null, keyfile: null } }, "jwt.secret", /is required, or keyfile/],
    ["both", { jwt: { ...CONFIG, keyfile: "/k" } }, "jwt.keyfile", /cannot be combined with secret; give one of them/],
    ["both, flat", { ...CONFIG, keyfile: "/k" }, "keyfile", /cannot be combined with secret/],
    ["an empty secret", { jwt: { secret: "" } }, "jwt.secret", /must not be empty/],
    ["an empty secret, flat", { secret: "" }, "secret", /must not be empty/],
    ["an empty key file", { jwt: { keyfile: "" } }, "jwt.keyfile", /must not be empty/],
    ["the algorithm none", { jwt: { ...CONFIG, algorithm: "none" } }, "jwt.algorithm", /must be one of "HS256"/],
    ["an unknown algorithm", { jwt: { ...CONFIG, algorithm: "HS1" } }, "jwt.algorithm", /must be one of "HS256"/],
    [
      "a key file under HS512",
      { jwt: { keyfile: "/k" } },
      "jwt.algorithm",
      /must be that of the key file's key, e\.g\. RS256/,
    ],
    ["a key file under HS512, flat", { keyfile: "/k" }, "algorithm", /must be that of the key file's key/],
    ["a key file under HS256", { jwt: { keyfile: "/k", algorithm: "HS256" } }, "jwt.algorithm", /HS\* is for a secret/],
    ["a secret under RS256", { jwt: { ...CONFIG, algorithm: "RS256" } }, "jwt.algorithm", /HS512 for a secret/],
    ["a text for a flag", { jwt: { ...CONFIG, allow_registration: "no" } }, "jwt.allow_registration", /true or false/],
    [
      "YAML 1.1's no",
      { jwt: { ...CONFIG, allow_registration: "no" } },
      "jwt.allow_registration",
      /not a string: write true or false, or have your YAML parser read version 1\.1, where no is one of them/,
    ],
    ["a number for a flag", { jwt: { ...CONFIG, require_expiry: 0 } }, "jwt.require_expiry", /must be true or false/],
    ["a text for a flag, flat", { ...CONFIG, require_expiracy: "no" }, "require_expiracy", /must be true or false/],
    [
      "the older name in jwt",
      { jwt: { ...CONFIG, require_expiracy: true } },
      "jwt.require_expiracy",
      /here are .*require_expiry/,
    ],
    ["the newer name flat", { ...CONFIG, require_expiry: true }, "require_expiry", /here are .*require_expiracy/],
    ["something beside jwt", { jwt: CONFIG, secret: SECRET }, "secret", /is not an option .* here are jwt/],
  ])("refuses %s", (_, config, path, problem) => {
    expectOptionsError(() => fromTokenAuthenticatorConfig(config as TokenAuthenticatorConfig), path, problem);
  });

  test("gives what can't be made a login of if the key file isn't there", () => {
    expectOptionsError(
      () => migrated({ jwt: { keyfile: join(folder, "no-such-file.pem"), algorithm: "RS256" } }),
      `loginTypes["${TYPE}"].keyFile`,
      /./,
    );
  });
});
