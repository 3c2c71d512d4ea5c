import { describe, expect, test } from "@jest/globals";

import { ssoConfig } from "../../lib/sso/parse-options.js";
import { expectOptionsError } from "../helpers/bad-options.js";

const provider = { name: "Example", issuer: "https://id.example.org", clientId: "matrix" };
const base = {
  publicBaseUrl: "https://matrix.example.org",
  secret: "0123456789abcdef0123456789abcdef",
  identityProviders: { keycloak: provider },
};
const endSessions = (): void => undefined;
const parse = (more: object = {}) => ssoConfig({ ...base, ...more }, "sso");
const parseProvider = (more: object) =>
  parse({ identityProviders: { keycloak: { ...provider, ...more } } }).providers.get("keycloak");

test("what is not given has its default", () => {
  expect(parse()).toMatchObject({
    publicBaseUrl: "https://matrix.example.org",
    host: "matrix.example.org",
    isSecure: true,
    callbackPath: "/_matrix/client/unstable/org.matrix-jwt-login/sso/callback",
    loginTokenLifetime: 120,
  });
  expect(parse().isTrusted(new URL("https://app.example.org/"))).toBe(false);
  expect(parseProvider({})).toMatchObject({
    id: "keycloak",
    scope: "openid profile",
    userInfo: false,
    requireAuthTime: true,
    redirectUri: "https://matrix.example.org/_matrix/client/unstable/org.matrix-jwt-login/sso/callback/keycloak",
  });
});

test("what is given is used", () => {
  const config = parse({
    publicBaseUrl: new URL("http://127.0.0.1:8008/hs/"),
    secret: [Buffer.alloc(32), base.secret],
    callbackPath: "/sso/callback",
    trustedClients: ["element://", "https://app.example.org/"],
  });
  expect(config).toMatchObject({ publicBaseUrl: "http://127.0.0.1:8008/hs", host: "127.0.0.1:8008", isSecure: false });
  expect(config.secrets).toHaveLength(2);
  expect(config.providers.get("keycloak")?.redirectUri).toBe("http://127.0.0.1:8008/hs/sso/callback/keycloak");
  expect(config.isTrusted(new URL("https://app.example.org/x"))).toBe(true);
  expect(
    parseProvider({
      icon: "mxc://example.org/abc",
      brand: "keycloak",
      clientSecret: "secret",
      clientAuthentication: "client_secret_post",
      authorizationParameters: { kc_idp_hint: "github" },
    }),
  ).toMatchObject({
    icon: "mxc://example.org/abc",
    brand: "keycloak",
    clientSecret: "secret",
    clientAuthentication: "client_secret_post",
    authorizationParameters: { kc_idp_hint: "github" },
  });
  expect(parseProvider({ scopes: ["email", "openid"] })?.scope).toBe("openid email");
});

describe("options errors", () => {
  test.each([
    [{ publicBaseUrl: "http://matrix.example.org" }, "sso.publicBaseUrl", /https/],
    [{ publicBaseUrl: "https://matrix.example.org/?x" }, "sso.publicBaseUrl", /query/],
    [{ publicBaseUrl: "https://matrix.example.org/#x" }, "sso.publicBaseUrl", /fragment/],
    [{ publicBaseUrl: "https://matrix.example.org/_matrix/client" }, "sso.publicBaseUrl", /before \/_matrix/],
    [{ publicBaseUrl: "https://matrix.example.org/hs/_matrix" }, "sso.publicBaseUrl", /before \/_matrix/],
    [{ publicBaseUrl: "https://user@matrix.example.org/" }, "sso.publicBaseUrl", /user name/],
    [{ publicBaseUrl: "matrix.example.org" }, "sso.publicBaseUrl", /URL/],
    [
      { identityProviders: { example: { ...provider, authorizationParameters: { audience: undefined } } } },
      "sso.identityProviders.example.authorizationParameters.audience",
      /is undefined; set the environment variable/,
    ],
    [{ secret: "too short" }, "sso.secret", /32 bytes, e\.g\. of `[^`]+`$/],
    [{ secret: "" }, "sso.secret", /32 bytes.*; is the environment variable that it comes from set\?$/],
    [
      { publicBaseUrl: undefined },
      "sso.publicBaseUrl",
      /is undefined; set the environment variable that it comes from$/,
    ],
    [{ trustedClients: undefined }, "sso.trustedClients", /, or leave the option out$/],
    [{ baseUrl: "https://matrix.example.org" }, "sso.baseUrl", /do you mean publicBaseUrl\?$/],
    [{ publicUrl: "https://matrix.example.org" }, "sso.publicUrl", /do you mean publicBaseUrl\?$/],
    [{ providers: {} }, "sso.providers", /do you mean identityProviders\?$/],
    [{ secret: new Uint8Array(31) }, "sso.secret", /32 bytes/],
    [{ secret: [base.secret, 1] }, "sso.secret[1]", /string or bytes/],
    [{ secret: [] }, "sso.secret", /empty list/],
    [{ identityProviders: {} }, "sso.identityProviders", /at least one/],
    [{ identityProviders: { "a/b": provider } }, 'sso.identityProviders["a/b"]', /ID of 1 to 255/],
    [{ identityProviders: { "..": provider } }, 'sso.identityProviders[".."]', /ID of 1 to 255/],
    [
      { identityProviders: provider },
      "sso.identityProviders.name",
      /belongs in sso\.identityProviders\.ID, by an ID that you choose$/,
    ],
    [{ allowRegistration: true }, "sso.allowRegistration", /; it belongs in sso\.identityProviders\.ID$/],
    [{ trustedClients: ["https://a.example/?x"] }, "sso.trustedClients[0]", /query/],
    [{ callbackPath: "callback" }, "sso.callbackPath", /must be a path/],
    [{ callbackPath: "//evil.example" }, "sso.callbackPath", /must be a path/],
    [{ callbackPath: "/callback/" }, "sso.callbackPath", /must be a path/],
    [{ callbackPath: "/a/../b" }, "sso.callbackPath", /must be a path/],
    [{ callbackPath: "/a?b" }, "sso.callbackPath", /must be a path/],
    [{ callbackPath: "/a b" }, "sso.callbackPath", /must be a path/],
    [{ loginTokenLifetime: 9 }, "sso.loginTokenLifetime", /10 to 600/],
    [{ loginTokenLifetime: 601 }, "sso.loginTokenLifetime", /10 to 600/],
    [{ backchannelLogout: { path: "/logout" } }, "sso.backchannelLogout.endSessions", /required/],
    [{ backchannelLogout: { endSessions } }, "sso.backchannelLogout.path", /required/],
    [
      { callbackPath: "/sso", backchannelLogout: { path: "/sso/keycloak", endSessions } },
      "sso.backchannelLogout.path",
      /callbackPath/,
    ],
    ...["/_matrix/client", "/_matrix/client/v3/login", "/_matrix/client/r0/login/sso/redirect"].map(
      (callbackPath) => [{ callbackPath }, "sso.callbackPath", /endpoint/] as const,
    ),
    ...["/_matrix/client/v3/login", "/_matrix/client/v3/auth/m.login.sso/fallback/web"].map(
      (path) => [{ backchannelLogout: { path, endSessions } }, "sso.backchannelLogout.path", /endpoint/] as const,
    ),
    [
      { callbackPath: "/sso", backchannelLogout: { path: "/sso", endSessions } },
      "sso.backchannelLogout.path",
      /callbackPath/,
    ],
    [{ interactiveAuth: { sessionOf: () => undefined } }, "sso.interactiveAuth.complete", /required/],
    [{ interactiveAuth: { complete: () => undefined } }, "sso.interactiveAuth.sessionOf", /required/],
    [{ page: "<html>" }, "sso.page", /function/],
    [{ baseUrl: "x" }, "sso.baseUrl", /not an option/],
  ])("%j", (more, path, problem) => {
    expectOptionsError(() => parse(more), path, problem);
  });

  test.each([
    [{ name: "" }, "name", /empty/],
    [{ icon: "https://a.example/icon.png" }, "icon", /mxc/],
    [{ brand: 1 }, "brand", /string/],
    [{ clientSecret: "" }, "clientSecret", /empty/],
    [{ clientAuthentication: "client_secret_post" }, "clientAuthentication", /clientSecret/],
    [{ clientAuthentication: "none" }, "clientAuthentication", /one of/],
    [{ scopes: ["openid profile"] }, "scopes[0]", /one scope/],
    [{ authorizationParameters: { state: "x" } }, "authorizationParameters.state", /protocol/],
    [{ authorizationParameters: { redirect_uri: "x" } }, "authorizationParameters.redirect_uri", /protocol/],
    [{ authorizationParameters: { hd: 1 } }, "authorizationParameters.hd", /string/],
    [{ userInfo: "yes" }, "userInfo", /true or false/],
    [{ requireAuthTime: "no" }, "requireAuthTime", /true or false/],
    [{ audience: "x" }, "audience", /not an option/],
    [{ singleUse: true }, "singleUse", /not an option/],
  ])("of a provider: %j", (more, path, problem) => {
    expectOptionsError(() => parseProvider(more), `sso.identityProviders.keycloak.${path}`, problem);
  });

  test.each(["name", "issuer", "clientId"])("a provider without %s", (name) => {
    const incomplete = Object.fromEntries(Object.entries(provider).filter(([key]) => key !== name));
    const path = `sso.identityProviders.keycloak.${name}`;
    expectOptionsError(() => parse({ identityProviders: { keycloak: incomplete } }), path, /required/);
  });
});
