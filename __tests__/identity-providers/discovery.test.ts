import { afterEach, describe, expect, test } from "@jest/globals";
import express5 from "express";
import { matrixJwtLogin } from "matrix-jwt-login";

import { P256 } from "../helpers/keys.js";
import { LOGIN_TYPE, loginWith, optionsWith } from "../helpers/login.js";
import { hostOf } from "../helpers/test-hosts.js";
import { serviceToken } from "./helpers/clients.js";
import { MATRIX, serveOidcProvider, type OidcProvider } from "./helpers/oidc-provider.js";

let idp: OidcProvider;

afterEach(() => idp.close());

describe.each(["", "/realms/matrix"])("the keys of an issuer with the path %j", (path) => {
  const [discovery, jwks] = [`${path}/.well-known/openid-configuration`, `${path}/jwks`];

  test("are found at the first login, and kept", async () => {
    const { asked, login } = await discovering(path);
    expect(asked()).toEqual([]);
    expect(await login()).toBe(200);
    expect(await login()).toBe(200);
    expect(asked()).toEqual([discovery, jwks]);
  });

  test("are found ahead by ready()", async () => {
    const { asked, login, ready } = await discovering(path);
    await ready();
    expect(asked()).toEqual([discovery, jwks]);
    expect(await login()).toBe(200);
    expect(asked()).toEqual([discovery, jwks]);
  });
});

test("an issuer that differs by a slash is not the provider's: no token is judged", async () => {
  const { login } = await discovering("", (issuer) => `${issuer}/`);
  expect(await login()).toBe(503);
});

async function discovering(path: string, configured = (issuer: string) => issuer) {
  idp = await serveOidcProvider({ kid: "ec", algorithm: "ES256", pair: P256 }, { path });
  const token = await serviceToken(idp.issuer);
  const before = idp.requests.length;
  const loginType = { discover: true, issuer: configured(idp.issuer), audience: MATRIX } as const;
  const middleware = matrixJwtLogin({ ...optionsWith(), loginTypes: { [LOGIN_TYPE]: loginType } });
  const { url } = await hostOf(express5, middleware);
  return {
    ready: () => middleware.jwtLogin.ready(),
    /** What the host has asked the provider for. */
    asked: () => idp.requests.slice(before),
    login: async () => (await loginWith(url, token)).status,
  };
}
