import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { createJwtLogin, fromSynapseJwtConfig, type SynapseJwtConfig, type VerifiedLogin } from "matrix-jwt-login";

import { expectOptionsError } from "../helpers/bad-options.js";
import { rejection, submission } from "../helpers/core.js";
import { EXPRESS_VERSIONS } from "../helpers/hosts.js";
import { ED25519, P256, pem, RSA, SECRET } from "../helpers/keys.js";
import { LOGIN_PATH, type User } from "../helpers/login.js";
import { mounting } from "../helpers/mounted.js";
import { inSeconds, token, type TokenParts } from "../helpers/tokens.js";

const CONFIG: SynapseJwtConfig = { enabled: true, secret: SECRET, algorithm: "HS256" };

/** A host that moved here from Synapse, and the login that each token makes there. */
function migrated(config: object) {
  const registerUser = jest.fn<(userId: string, login: VerifiedLogin) => User>((id) => ({ id }));
  const login = createJwtLogin<User>({
    serverName: "example.org",
    loginTypes: fromSynapseJwtConfig({ ...CONFIG, ...config }),
    findUser: () => null,
    registerUser,
    issueToken: () => ({ accessToken: "an access token" }),
    logger: false,
  });
  return { login, registerUser };
}

function post(config: object, claims: Readonly<Record<string, unknown>>, parts: TokenParts = {}, more: object = {}) {
  return migrated(config).login.login(submission({}, { token: token(claims, parts), ...more }));
}

beforeEach(() => {
  jest.spyOn(process, "emitWarning").mockReturnValue();
});
afterEach(() => {
  jest.restoreAllMocks();
});

describe.each(EXPRESS_VERSIONS)("the quick start of Synapse's documentation under %s", (_, express) => {
  const mount = mounting(express);
  const loginTypes = fromSynapseJwtConfig({ enabled: true, secret: "my-secret-token", algorithm: "HS256" });
  const EXAMPLE =
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ0ZXN0LXVzZXIifQ.Ag71GT8v01UO3w80aqRPTeuVPBIBZkYhNTJJ-_-zQIc";

  async function curl(url: string, jwt: string) {
    const response = await fetch(url + LOGIN_PATH.replace("v3", "r0"), {
      method: "POST",
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
      body: `{"type":"org.matrix.login.jwt","token":"${jwt}"}`,
    });
    return { status: response.status, body: (await response.json()) as Readonly<Record<string, unknown>> };
  }

  test("works as it is written, with the same members in the answer", async () => {
    const url = await mount({}, { loginTypes, registerUser: (id) => ({ id }) });
    const { status, body } = await curl(url, EXAMPLE);
    expect(status).toBe(200);
    expect(Object.keys(body).sort()).toEqual(["access_token", "device_id", "home_server", "user_id"]);
    expect(body).toMatchObject({ user_id: "@test-user:example.org", home_server: "example.org" });
  });

  test("says why a token for an audience is refused, and what to set", async () => {
    const own = { [Object.keys(loginTypes)[0] ?? ""]: { ...Object.values(loginTypes)[0], secret: SECRET } };
    const url = await mount({}, { loginTypes: own as typeof loginTypes, registerUser: (id) => ({ id }) });
    const { status, body } = await curl(url, token({ sub: "test-user", aud: ["audience"] }));
    expect(status).toBe(403);
    expect(body).toEqual({
      errcode: "M_FORBIDDEN",
      error: expect.stringMatching(/\(aud\).*set the option `audience`/),
    });
  });
});

describe("fromSynapseJwtConfig", () => {
  test.each<[string, SynapseJwtConfig | null | undefined]>([
    ["undefined", undefined],
    ["null", null],
    ["empty", {}],
    ["not enabled", { ...CONFIG, enabled: false }],
    ["neither enabled nor not", { secret: SECRET, algorithm: "HS256" }],
    ["null for enabled", { ...CONFIG, enabled: null }],
    ["not enabled and not complete", { enabled: false, secret: null }],
  ])("gives no login types if the config is %s", (_, config) => {
    expect(fromSynapseJwtConfig(config)).toEqual({});
  });

  test("gives Synapse's rules", () => {
    expect(fromSynapseJwtConfig(CONFIG)).toEqual({
      "org.matrix.login.jwt": {
        secret: SECRET,
        algorithms: ["HS256"],
        subjectClaim: "sub",
        requireExpiry: false,
        clockTolerance: 120,
        allowRegistration: true,
      },
    });
  });

  test("takes null, as an empty line of YAML has it, for not set", () => {
    const nulls = { subject_claim: null, display_name_claim: null, issuer: null, audiences: null };
    expect(fromSynapseJwtConfig({ ...CONFIG, ...nulls })).toEqual(fromSynapseJwtConfig(CONFIG));
  });

  test("takes every setting over", () => {
    expect(
      fromSynapseJwtConfig({
        ...CONFIG,
        subject_claim: "username",
        display_name_claim: "name",
        issuer: "https://idp.example.org",
        audiences: ["a", "b"],
      }),
    ).toEqual({
      "org.matrix.login.jwt": expect.objectContaining({
        subjectClaim: "username",
        displayNameClaim: "name",
        issuer: "https://idp.example.org",
        audience: ["a", "b"],
      }),
    });
  });

  test.each<[string, object, Readonly<Record<string, unknown>>, object]>([
    ["without expiry", {}, { exp: undefined }, {}],
    ["that expired less than 120 s ago", {}, { exp: inSeconds(-110) }, {}],
    ["that is valid in less than 120 s", {}, { nbf: inSeconds(110) }, {}],
    ["for another than the identifier names", {}, {}, { identifier: { type: "m.id.user", user: "bob" } }],
    ["whose subject is in another claim", { subject_claim: "username" }, { sub: "@", username: "alice" }, {}],
    ["whose subject is in a claim with dots", { subject_claim: "user.name" }, { sub: "@", "user.name": "alice" }, {}],
    ["of the issuer", { issuer: "a" }, { iss: "a" }, {}],
    ["for an audience", { audiences: ["a", "b"] }, { aud: "b" }, {}],
    ["for several audiences", { audiences: ["a", "b"] }, { aud: ["c", "a"] }, {}],
  ])("lets a token in %s, and registers its user", async (_, config, claims, more) => {
    await expect(post(config, claims, {}, more)).resolves.toHaveProperty("user_id", "@alice:example.org");
  });

  test.each<[string, object, Readonly<Record<string, unknown>>, string]>([
    ["that expired earlier", {}, { exp: inSeconds(-121) }, "expired"],
    ["that is valid later", {}, { nbf: inSeconds(130) }, "not yet valid"],
    ["for an audience where none is set", {}, { aud: "a" }, "audience"],
    ["for no audience where one is set", { audiences: ["a"] }, {}, "audience"],
    ["for another audience", { audiences: ["a"] }, { aud: "b" }, "audience"],
    ["of another issuer", { issuer: "a" }, { iss: "b" }, "issuer"],
    ["with a full user ID for a subject", {}, { sub: "@alice:example.org" }, "localpart"],
    ["without the subject's claim", { subject_claim: "username" }, {}, "subject"],
  ])("refuses a token %s", async (_, config, claims, problem) => {
    expect(await rejection(post(config, claims))).toMatchObject({
      statusCode: 403,
      errcode: "M_FORBIDDEN",
      message: expect.stringContaining(problem),
    });
  });

  test("hands the display name on", async () => {
    const { login, registerUser } = migrated({ display_name_claim: "name" });
    await login.login(submission({ name: "Alice" }));
    expect(registerUser.mock.calls[0]?.[1]).toHaveProperty("displayName", "Alice");
  });

  test.each<[string, object, TokenParts]>([
    ["HS256", {}, {}],
    ["HS384", { algorithm: "HS384" }, { algorithm: "HS384" }],
    ["HS512", { algorithm: "HS512" }, { algorithm: "HS512" }],
    ["RS256", { algorithm: "RS256", secret: pem(RSA) }, { algorithm: "RS256" }],
    ["PS512", { algorithm: "PS512", secret: pem(RSA) }, { algorithm: "PS512" }],
    ["ES256", { algorithm: "ES256", secret: pem(P256) }, { algorithm: "ES256" }],
    ["EdDSA", { algorithm: "EdDSA", secret: pem(ED25519) }, { algorithm: "EdDSA" }],
  ])("takes the secret as the algorithm says: %s", async (_, config, parts) => {
    await expect(post(config, {}, parts)).resolves.toHaveProperty("user_id");
  });

  test("allows no other algorithm than the one that is set", async () => {
    await expect(post({}, {}, { algorithm: "HS512" })).rejects.toHaveProperty(
      "message",
      expect.stringContaining("alg"),
    );
  });

  test.each<[string, unknown, string, RegExp]>([
    ["a text for the config", "enabled", "jwt_config", /must be an object, not a string/],
    ["a list for the config", [], "jwt_config", /must be an object, not a list/],
    [
      "the whole configuration",
      { server_name: "example.org", jwt_config: CONFIG },
      "jwt_config",
      /must be what is under/,
    ],
    [
      "a text for enabled",
      { ...CONFIG, enabled: "true" },
      "jwt_config.enabled",
      /must be true or false, not a string$/,
    ],
    ["YAML 1.1's yes", { ...CONFIG, enabled: "yes" }, "jwt_config.enabled", /must be true or false, .* version 1\.1/],
    ["no algorithm", { ...CONFIG, algorithm: undefined }, "jwt_config.algorithm", /is required/],
    ["null for the algorithm", { ...CONFIG, algorithm: null }, "jwt_config.algorithm", /is required/],
    ["the algorithm none", { ...CONFIG, algorithm: "none" }, "jwt_config.algorithm", /must be one of "HS256"/],
    [
      "an unknown algorithm",
      { ...CONFIG, algorithm: "hs256" },
      "jwt_config.algorithm",
      /must be one of "HS256".*; do you mean "HS256"\?$/,
    ],
    ["no secret", { enabled: true, algorithm: "HS256" }, "jwt_config.secret", /is required$/],
    [
      "the secret of an unset variable",
      { ...CONFIG, secret: undefined },
      "jwt_config.secret",
      /is required, and undefined; is an environment variable not set\?$/,
    ],
    [
      "a PEM for a shared secret",
      { ...CONFIG, secret: pem(RSA) },
      "jwt_config.secret",
      /is a PEM key or certificate, not a shared secret, and algorithm is HS256: if it is a public key/,
    ],
    [
      "a shared secret for a public key",
      { ...CONFIG, algorithm: "ES256" },
      "jwt_config.secret",
      /as algorithm is ES256 \(a shared secret goes with HS256/,
    ],
    ["null for the secret", { ...CONFIG, secret: null }, "jwt_config.secret", /is required/],
    ["an empty secret", { ...CONFIG, secret: "" }, "jwt_config.secret", /must not be empty/],
    ["a number for the secret", { ...CONFIG, secret: 1234 }, "jwt_config.secret", /must be a string, not a number/],
    ["an empty issuer", { ...CONFIG, issuer: "" }, "jwt_config.issuer", /must not be empty/],
    [
      "an issuer of an unset variable",
      { ...CONFIG, issuer: undefined },
      "jwt_config.issuer",
      /is undefined; is an env/,
    ],
    ["audiences of an unset variable", { ...CONFIG, audiences: undefined }, "jwt_config.audiences", /is undefined/],
    ["a list of issuers", { ...CONFIG, issuer: ["a"] }, "jwt_config.issuer", /must be a string, not a list/],
    ["no audience", { ...CONFIG, audiences: [] }, "jwt_config.audiences", /must not be an empty list/],
    ["a number for an audience", { ...CONFIG, audiences: [1] }, "jwt_config.audiences[0]", /must be a string/],
    ["a number for the claim", { ...CONFIG, subject_claim: 1 }, "jwt_config.subject_claim", /must be a string/],
    ["an empty claim", { ...CONFIG, display_name_claim: "" }, "jwt_config.display_name_claim", /must not be empty/],
    ["text for a public key", { ...CONFIG, algorithm: "RS256" }, "jwt_config.secret", /must hold a PEM public key/],
    ["an unknown setting", { ...CONFIG, audience: ["a"] }, "jwt_config.audience", /options here are enabled, secret/],
  ])("refuses %s", (_, config, path, problem) => {
    expectOptionsError(() => fromSynapseJwtConfig(config as SynapseJwtConfig), path, problem);
  });

  test.each<[string, object, RegExp]>([
    ["a PEM for a shared secret", { secret: pem(RSA) }, /not a shared secret/],
    ["a shared secret for a public key", { algorithm: "RS256" }, /./],
    ["a public key of another algorithm", { algorithm: "ES256", secret: pem(RSA) }, /does not fit the key/],
  ])("gives what can't be made a login of: %s", (_, config, problem) => {
    const make = () => migrated(config);
    expect(make).toThrow(problem);
    expect(make).toThrow(expect.objectContaining({ name: "OptionsError" }));
  });
});
