import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import {
  createBearerAuth,
  createJwtLogin,
  createKeyCache,
  createTokenVerifier,
  matrixJwtLogin,
  type KeyCache,
  type LoginTypeOptions,
} from "matrix-jwt-login";

import { errorOf } from "../../helpers/verdict.js";
import { serveIdentityProvider, type IdentityProvider } from "../../helpers/identity-provider.js";
import { keySet } from "../../helpers/jwks-server.js";
import { jwk, RSA } from "../../helpers/keys.js";
import { LOGIN_TYPE, optionsWith } from "../../helpers/login.js";

const DISCOVERY = "/.well-known/openid-configuration";

let idp: IdentityProvider;

beforeEach(async () => {
  idp = await serveIdentityProvider();
  idp.answer("/jwks", keySet([jwk(RSA)]));
});

afterEach(() => idp.close());

/** What is ready once its keys are there. */
const hostsWith = (loginType: LoginTypeOptions, keyCache?: KeyCache) => {
  const options = { ...optionsWith(), loginTypes: { [LOGIN_TYPE]: loginType }, ...(keyCache && { keyCache }) };
  const tokens = { ...loginType, authorize: () => true };
  const bearer = createBearerAuth({ serverName: options.serverName, tokens, ...(keyCache && { keyCache }) });
  return [matrixJwtLogin(options).jwtLogin, createJwtLogin(options), bearer];
};
const discovered = (more: object = {}): LoginTypeOptions => ({ discover: true, issuer: idp.issuer, ...more });
const ready = (hosts: readonly { ready(): Promise<void> }[]) => Promise.all(hosts.map((each) => each.ready()));

describe("createKeyCache()", () => {
  test("of another copy of this package shares among what this copy makes", async () => {
    let theirs = createKeyCache();
    await jest.isolateModulesAsync(async () => {
      theirs = (await import("matrix-jwt-login")).createKeyCache();
    });
    await ready(hostsWith(discovered(), theirs));
    await ready(hostsWith(discovered(), theirs));
    expect(idp.requests).toEqual([DISCOVERY, "/jwks"]);
  });

  test("has whatever takes it fetch keys and discovery document once", async () => {
    const keyCache = createKeyCache();
    await ready([...hostsWith(discovered(), keyCache), ...hostsWith(discovered({ audience: "matrix" }), keyCache)]);
    expect(idp.requests).toEqual([DISCOVERY, "/jwks"]);
    await ready(hostsWith(discovered(), keyCache));
    expect(idp.requests).toEqual([DISCOVERY, "/jwks"]);
  });

  test("is taken by verifiers too", async () => {
    const keyCache = createKeyCache();
    await ready([createTokenVerifier(discovered(), { keyCache }), ...hostsWith(discovered(), keyCache)]);
    expect(idp.requests).toEqual([DISCOVERY, "/jwks"]);
  });

  test("has an endpoint that is given fetched once too", async () => {
    const keyCache = createKeyCache();
    await ready(hostsWith({ jwksUri: `${idp.url}/jwks` }, keyCache));
    await ready(hostsWith({ jwksUri: new URL("/jwks", idp.url) }, keyCache));
    expect(idp.requests).toEqual(["/jwks"]);
  });

  test("shares nothing between other settings", async () => {
    const keyCache = createKeyCache();
    await ready(hostsWith(discovered(), keyCache));
    await ready(hostsWith(discovered({ jwksOptions: { cacheMaxAge: 60 } }), keyCache));
    expect(idp.requests.length).toBe(4);
  });

  test("shares nothing with another one, nor with what has none", async () => {
    await ready(hostsWith(discovered(), createKeyCache()));
    await ready(hostsWith(discovered(), createKeyCache()));
    expect(idp.requests.length).toBe(4);
    await ready(hostsWith(discovered()));
    expect(idp.requests.length).toBe(10);
  });

  test.each([{}, new Map(), "cache", true, null])("is the only one to make what `keyCache` takes: %p", (keyCache) => {
    const error = errorOf(() => createJwtLogin({ ...optionsWith(), keyCache: keyCache as unknown as KeyCache }));
    expect(error).toMatchObject({ name: "OptionsError", path: "keyCache" });
    expect(error.message).toMatch(/createKeyCache\(\)/);
  });
});
