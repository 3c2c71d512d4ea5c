import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";

import { SharedJwks } from "../../lib/tokens/keys/shared-jwks.js";
import { serveIdentityProvider, type IdentityProvider } from "../helpers/identity-provider.js";
import { keySet, text } from "../helpers/jwks-server.js";
import { jwk, RSA } from "../helpers/keys.js";

const DISCOVERY = "/.well-known/openid-configuration";
const WATCHER = { failed: () => undefined, recovered: () => undefined };
const SETTINGS = {
  cacheMaxAge: 600,
  staleIfError: 86_400,
  cooldown: 0.05,
  timeout: 3,
  maxResponseSize: 10_000,
  allowHttp: false,
  fetch: (url: string, init: RequestInit) => fetch(url, init),
};

let idp: IdentityProvider;

beforeEach(async () => {
  idp = await serveIdentityProvider();
  idp.answer("/jwks", keySet([jwk(RSA)]));
});

afterEach(() => idp.close());

describe("an issuer's metadata", () => {
  test("is fetched once for all who need it, keys included", async () => {
    const shared = new SharedJwks();
    const metadata = shared.metadata(idp.issuer, SETTINGS, WATCHER);
    expect(metadata).toBe(shared.metadata(idp.issuer, { ...SETTINGS }, WATCHER));
    expect(metadata.current()).toBeUndefined();
    expect(await metadata.get()).toMatchObject({ issuer: idp.issuer });
    expect(await metadata.get()).toBe(metadata.current());
    await shared.discovered(idp.issuer, SETTINGS, WATCHER).ready();
    expect(idp.requests).toEqual([DISCOVERY, "/jwks"]);
  });

  test("names endpoints that may be asked, and no others", async () => {
    idp.discovery(
      text(idp.document({ introspection_endpoint: `${idp.url}/introspect`, other: "http://example.org/" })),
    );
    const metadata = new SharedJwks().metadata(idp.issuer, SETTINGS, WATCHER);
    const document = await metadata.get();
    expect(metadata.endpoint(document, "introspection_endpoint")).toBe(`${idp.url}/introspect`);
    expect(() => metadata.endpoint(document, "other")).toThrow(/other must be an https: URL/);
    expect(() => metadata.endpoint(document, "none")).toThrow(/none must be a string/);
  });

  test("may take all of the time that there is, unless there is a document to fall back on", async () => {
    const slow = (_req: unknown, res: { end(text: string): unknown }) => {
      setTimeout(() => res.end(idp.document({ slow: true })), 700);
    };
    idp.discovery(slow);
    const metadata = new SharedJwks().metadata(idp.issuer, { ...SETTINGS, timeout: 1, cooldown: 0 }, WATCHER);
    const document = await metadata.get();
    expect(document).toMatchObject({ slow: true });
    expect(await metadata.latest()).toBe(document);
  });

  test("is not fetched again at once for an endpoint that does not answer", async () => {
    const metadata = new SharedJwks().metadata(idp.issuer, { ...SETTINGS, cooldown: 60 }, WATCHER);
    await metadata.get();
    const down = new Error("down");
    await expect(metadata.ask("jwks_uri", () => Promise.reject(down))).rejects.toBe(down);
    expect(idp.requests).toEqual([DISCOVERY]);
  });

  test("that can't be asked for a newer one does not hide why an endpoint failed", async () => {
    const settings = { ...SETTINGS, cooldown: 0, staleIfError: 0 };
    const metadata = new SharedJwks().metadata(idp.issuer, settings, WATCHER);
    await metadata.get();
    idp.discovery(text("", 500));
    const down = new Error("down");
    await expect(metadata.ask("jwks_uri", () => Promise.reject(down))).rejects.toBe(down);
    expect(idp.requests).toEqual([DISCOVERY, DISCOVERY]);
  });

  test("of another issuer is an error", async () => {
    idp.discovery(text(idp.document({ issuer: "https://elsewhere.example.org" })));
    const metadata = new SharedJwks().metadata(idp.issuer, SETTINGS, WATCHER);
    await expect(metadata.get()).rejects.toMatchObject({ code: "keys_unavailable" });
  });
});
