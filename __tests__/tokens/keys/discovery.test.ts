import { generateKeyPairSync } from "node:crypto";

import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { createTokenVerifier, type Fetch, type JwksOptions, type LoginTypeOptions } from "matrix-jwt-login";

import { movableClock, type Clock } from "../../helpers/clock.js";
import { faultsOf } from "../../helpers/faults.js";
import { EXPRESS_VERSIONS } from "../../helpers/hosts.js";
import { serveIdentityProvider, type IdentityProvider } from "../../helpers/identity-provider.js";
import { keySet, text, type JwksAnswer } from "../../helpers/jwks-server.js";
import { ED25519, jwk, P256, pem, RSA, SECRET } from "../../helpers/keys.js";
import { host, LOGIN_TYPE, loginWith, optionsWith } from "../../helpers/login.js";
import { portToComeBackTo } from "../../helpers/ports.js";
import { QUICK, remoteLogins, type RemoteLogin } from "../../helpers/remote-login.js";
import { inSeconds, token, type TokenParts } from "../../helpers/tokens.js";
import { until } from "../../helpers/until.js";
import { errorOf, verifierOf, type AnyOptions } from "../../helpers/verdict.js";

const DOWN = "503 keys_unavailable";
const DISCOVERY = "/.well-known/openid-configuration";
const FOREIGN = generateKeyPairSync("rsa", { modulusLength: 2048 });
const exp = inSeconds(10 * 86_400);

const OLD_SET = keySet([jwk(RSA, { kid: "rsa" })]);
const BOTH = keySet([jwk(RSA, { kid: "rsa" }), jwk(P256, { kid: "ec" })]);
const ALL = keySet([jwk(RSA, { kid: "rsa" }), jwk(P256, { kid: "ec" }), jwk(ED25519, { kid: "ed" })]);

const PARTS = {
  good: { algorithm: "RS256", header: { kid: "rsa" } },
  ofNewKey: { algorithm: "ES256", header: { kid: "ec" } },
  ofThirdKey: { algorithm: "EdDSA", header: { kid: "ed" } },
  unknownKid: { algorithm: "RS256", header: { kid: "unknown" } },
  forged: { algorithm: "RS256", header: { kid: "rsa" }, key: FOREIGN.privateKey },
} satisfies Readonly<Record<string, TokenParts>>;

type Tokens = Readonly<Record<keyof typeof PARTS, string>>;

function tokensOf(iss: string): Tokens {
  const made = Object.entries(PARTS).map(([name, parts]) => [name, token({ iss, exp }, parts)] as const);
  return Object.fromEntries(made) as Tokens;
}

function discovering(issuer: string, jwksOptions: JwksOptions = {}): RemoteLogin {
  return remoteLogins({ [LOGIN_TYPE]: { discover: true, issuer, jwksOptions: { ...QUICK, ...jwksOptions } } });
}

/** Answers when it is told to. */
function held(answer: JwksAnswer): { readonly answer: JwksAnswer; readonly release: () => void } {
  const waiting: (() => void)[] = [];
  return {
    answer: (req, res) => {
      waiting.push(() => {
        answer(req, res);
      });
    },
    release: () => {
      for (const go of waiting.splice(0)) go();
    },
  };
}

const hangs: JwksAnswer = () => undefined;
const fails = text("", 500);

let idp: IdentityProvider;
let made: Tokens;
let clock: Clock;

beforeEach(async () => {
  idp = await serveIdentityProvider();
  idp.answer("/jwks", OLD_SET);
  made = tokensOf(idp.issuer);
  clock = movableClock();
});

afterEach(async () => {
  clock.restore();
  await idp.close();
});

describe("with the keys of an issuer that is discovered", () => {
  test.each([
    ["", DISCOVERY],
    ["/", DISCOVERY],
    ["/realms/matrix", `/realms/matrix${DISCOVERY}`],
    ["/realms/matrix/", `/realms/matrix${DISCOVERY}`],
    ["/realms/a%20b", `/realms/a%20b${DISCOVERY}`],
  ])("a login works, if the issuer's path is %j", async (path, discovery) => {
    await idp.close();
    idp = await serveIdentityProvider(path);
    idp.answer("/jwks", OLD_SET);
    const { good, forged, unknownKid } = tokensOf(idp.issuer);
    const { attempt } = discovering(idp.issuer);
    expect(idp.requests).toEqual([]);
    expect(await attempt(good)).toBe("200");
    expect(await attempt(forged)).toBe("403 signature");
    expect(idp.requests).toEqual([discovery, "/jwks"]);
    expect(await attempt(unknownKid)).toBe("403 unknown_key");
    expect(idp.requests).toEqual([discovery, "/jwks", "/jwks"]);
  });

  test("a login works with the default settings", async () => {
    const { attempt } = remoteLogins({ [LOGIN_TYPE]: { discover: true, issuer: idp.issuer } });
    expect(await attempt(made.good)).toBe("200");
  });

  test("a verifier works, and keeps them", async () => {
    const { verify, ready } = createTokenVerifier({ discover: true, issuer: idp.issuer });
    await ready();
    await expect(verify(made.good)).resolves.toMatchObject({ sub: "alice", iss: idp.issuer });
    await expect(verify(made.forged)).rejects.toMatchObject({ code: "signature" });
    expect(idp.requests).toEqual([DISCOVERY, "/jwks"]);
  });

  test("ready() finds them ahead, so that the first login need not", async () => {
    const { core, attempt } = discovering(idp.issuer);
    await core.ready();
    await core.ready();
    expect(idp.requests).toEqual([DISCOVERY, "/jwks"]);
    expect(await attempt(made.good)).toBe("200");
    expect(idp.requests.length).toBe(2);
  });

  test("ready() rejects while they can't be found, and resolves when they can", async () => {
    idp.discovery(fails);
    const { core } = discovering(idp.issuer);
    await expect(core.ready()).rejects.toMatchObject({ name: "KeysUnavailableError", code: "keys_unavailable" });
    idp.discovery(text(idp.document()));
    await expect(core.ready()).resolves.toBeUndefined();
  });

  test.each<[string, (issuer: string) => unknown]>([
    ["no", () => undefined],
    ["another", () => "https://elsewhere.example.org"],
    ["one with a slash more as", (issuer) => `${issuer}/`],
    ["one in upper case as", (issuer) => issuer.toUpperCase()],
    ["a list as", (issuer) => [issuer]],
  ])("a token with %s issuer is refused", async (_, iss) => {
    const { attempt } = discovering(idp.issuer);
    expect(await attempt(token({ iss: iss(idp.issuer) }, PARTS.good))).toBe("403 issuer");
    expect(await attempt(made.good)).toBe("200");
  });

  test("1,000 cold logins at once are one fetch of each, and all get in", async () => {
    const documents = held(text(idp.document()));
    const sets = held(OLD_SET);
    idp.discovery(documents.answer);
    idp.answer("/jwks", sets.answer);
    const { attempt } = discovering(idp.issuer, { timeout: 10 });
    const logins = Promise.all(Array.from({ length: 1_000 }, () => attempt(made.good)));
    await until(() => idp.requests.length === 1);
    documents.release();
    await until(() => idp.requests.length === 2);
    sets.release();
    expect(new Set(await logins)).toEqual(new Set(["200"]));
    expect(idp.requests).toEqual([DISCOVERY, "/jwks"]);
  });

  test("both are asked for with GET and the type of JSON, and with nothing that identifies the host", async () => {
    const seen: unknown[] = [];
    const watched =
      (answer: JwksAnswer): JwksAnswer =>
      (req, res) => {
        seen.push([req.method, req.headers.accept, req.headers.authorization, req.headers.cookie]);
        answer(req, res);
      };
    idp.discovery(watched(text(idp.document())));
    idp.answer("/jwks", watched(OLD_SET));
    await discovering(idp.issuer).core.ready();
    const plain = ["GET", expect.stringContaining("application/json"), undefined, undefined];
    expect(seen).toEqual([plain, plain]);
  });
});

describe("the `issuer` of a discovery document", () => {
  test.each<[string, (issuer: string) => unknown]>([
    ["another host's", (issuer) => issuer.replace("127.0.0.1", "localhost")],
    ["one with another path", (issuer) => `${issuer}/tenant`],
    ["one with a slash more", (issuer) => `${issuer}/`],
    ["one in upper case", (issuer) => issuer.toUpperCase()],
    ["one with a space more", (issuer) => `${issuer} `],
    ["missing", () => undefined],
    ["null", () => null],
    ["empty", () => ""],
    ["a list", (issuer) => [issuer]],
    ["an object", (issuer) => ({ href: issuer })],
    ["true", () => true],
  ])("can't be %s: the keys are not had, and no token is judged", async (_, named) => {
    idp.discovery(text(idp.document({ issuer: named(idp.issuer) })));
    const { attempt, errors } = discovering(idp.issuer, { cooldown: 0 });
    expect(await attempt(made.good)).toBe(DOWN);
    expect((errors[0]?.error.cause as Error).message).toBe("the discovery document is not of the configured issuer");
    expect(await attempt(made.forged)).toBe(DOWN);
    expect(await attempt(token({ iss: named(idp.issuer) }, PARTS.good))).toBe(DOWN);
    expect(await attempt("rubbish")).toBe("403 malformed");
    expect(new Set(idp.requests)).toEqual(new Set([DISCOVERY]));

    idp.discovery(text(idp.document()));
    expect(await attempt(made.good)).toBe("200");
  });

  test.each(["null", "1", '"issuer"', "[]", "{}"])("is missed if the document is %s", async (document) => {
    idp.discovery(text(document));
    const { attempt, errors } = discovering(idp.issuer);
    expect(await attempt(made.good)).toBe(DOWN);
    expect((errors[0]?.error.cause as Error).message).toBe("the discovery document is not of the configured issuer");
  });

  test("must have the slash that the configured one has", async () => {
    const { attempt } = discovering(`${idp.issuer}/`, { cooldown: 0 });
    const { good } = tokensOf(`${idp.issuer}/`);
    expect(await attempt(good)).toBe(DOWN);
    idp.discovery(text(idp.document({ issuer: `${idp.issuer}/` })));
    expect(await attempt(good)).toBe("200");
  });

  test("that changes to another leaves what was known in use", async () => {
    const { attempt, errors } = discovering(idp.issuer);
    expect(await attempt(made.good)).toBe("200");
    idp.discovery(text(idp.document({ issuer: "https://evil.example.org", jwks_uri: `${idp.url}/evil` })));
    idp.answer("/jwks", BOTH);
    idp.answer("/evil", keySet([jwk(FOREIGN, { kid: "rsa" })]));
    clock.move(QUICK.cacheMaxAge + 1);
    expect(await attempt(made.ofNewKey)).toBe("200");
    await until(() => errors.length === 1);
    clock.move(QUICK.cacheMaxAge * 5);
    expect(await attempt(made.forged)).toBe("403 signature");
    expect(await attempt(made.good)).toBe("200");
    expect(idp.requests).not.toContain("/evil");
  });
});

describe("the `jwks_uri` of a discovery document", () => {
  test.each<[string, unknown, RegExp]>([
    ["missing", undefined, /must be a string, not undefined/],
    ["null", null, /must be a string, not null/],
    ["a number", 1, /must be a string, not a number/],
    ["a list", ["https://idp.example.org/jwks"], /must be a string, not a list/],
    ["an object", { href: "https://idp.example.org/jwks" }, /must be a string, not an object/],
    ["empty", "", /must not be empty/],
    ["a path", "/jwks", /must be a URL/],
    ["relative", "jwks", /must be a URL/],
    ["without a scheme", "//idp.example.org/jwks", /must be a URL/],
    ["http on a host that is not loopback", "http://idp.example.org/jwks", /must be an https: URL/],
    ["http on a host that is called like loopback", "http://localhost.example.org/jwks", /must be an https: URL/],
    ["ftp", "ftp://127.0.0.1/jwks", /must be an https: URL/],
    ["a file", "file:///etc/jwks.json", /must be an https: URL/],
    ["the keys themselves", `data:application/json,{"keys":[]}`, /must be an https: URL/],
    ["with a password", "https://a:secret@idp.example.org/jwks", /user name or password/],
    ["with a user name", "https://a@idp.example.org/jwks", /user name or password/],
  ])("can't be %s", async (_, uri, problem) => {
    const asked: string[] = [];
    const recording: Fetch = (url, init) => {
      asked.push(url);
      return fetch(url, init);
    };
    idp.discovery(text(idp.document({ jwks_uri: uri })));
    const { attempt, errors } = discovering(idp.issuer, { fetch: recording, cooldown: 0 });
    expect(await attempt(made.good)).toBe(DOWN);
    expect(await attempt(made.unknownKid)).toBe(DOWN);
    expect(await attempt("rubbish")).toBe("403 malformed");
    expect((errors[0]?.error.cause as Error).message).toMatch(problem);
    expect((errors[0]?.error.cause as Error).message).toMatch(/^jwks_uri /);
    expect((errors[0]?.error.cause as Error).message).not.toMatch(/secret/);
    expect(new Set(asked)).toEqual(new Set([idp.issuer + DISCOVERY]));

    idp.discovery(text(idp.document()));
    expect(await attempt(made.good)).toBe("200");
  });

  test("may be on another host", async () => {
    const elsewhere = await serveIdentityProvider();
    elsewhere.answer("/keys?tenant=1", OLD_SET);
    idp.discovery(text(idp.document({ jwks_uri: `${elsewhere.url}/keys?tenant=1` })));
    const { attempt } = discovering(idp.issuer);
    expect(await attempt(made.good)).toBe("200");
    expect([...idp.requests, ...elsewhere.requests]).toEqual([DISCOVERY, "/keys?tenant=1"]);
    await elsewhere.close();
  });

  describe("on an intranet without https", () => {
    const issuer = "http://idp.example.org/realm";
    /** As a proxy would, it knows where the host is. */
    const proxied: Fetch = (url, init) => fetch(url.replace("http://idp.example.org", idp.url), init);

    beforeEach(() => {
      idp.answer(`/realm${DISCOVERY}`, text(idp.document({ issuer, jwks_uri: "http://idp.example.org/jwks" })));
    });

    test("works with `allowHttp`, as the issuer does", async () => {
      const { attempt } = discovering(issuer, { fetch: proxied, allowHttp: true });
      expect(await attempt(tokensOf(issuer).good)).toBe("200");
      expect(idp.requests).toEqual([`/realm${DISCOVERY}`, "/jwks"]);
    });

    test("does not make up for a document that leads from https to http", async () => {
      const secure = "https://idp.example.org/realm";
      const fetch: Fetch = (url, init) => proxied(url.replace("https:", "http:"), init);
      idp.answer(`/realm${DISCOVERY}`, text(idp.document({ issuer: secure, jwks_uri: "http://idp.example.org/jwks" })));
      expect(await discovering(secure, { fetch }).attempt(tokensOf(secure).good)).toBe(DOWN);
      expect(idp.requests).toEqual([`/realm${DISCOVERY}`]);
    });
  });
});

describe("a discovery endpoint that", () => {
  test.each(faultsOf("").map(([name]) => name))("%s", async (name) => {
    // Half of the time is the document's; only what never ends need wait it out.
    const settings = { ...QUICK, cooldown: 0.005, timeout: /hangs|drips/.test(name) ? 0.8 : 5 };
    const settles = (settings.cooldown + settings.timeout + 1) * 1_000;
    const fault = new Map(faultsOf(idp.document())).get(name) ?? hangs;
    const working = text(idp.document());
    idp.discovery(fault);
    idp.answer("/moved", working);
    const { attempt, timed, errors, logger } = discovering(idp.issuer, settings);
    const outcomes = async (...tokens: readonly string[]): Promise<string[]> => {
      const results = await Promise.all(tokens.map(timed));
      expect(Math.max(...results.map(({ ms }) => ms))).toBeLessThan(settles);
      return results.map(({ outcome }) => outcome);
    };

    expect(await outcomes(made.good, made.forged, made.unknownKid)).toEqual([DOWN, DOWN, DOWN]);
    expect(await outcomes("rubbish", token())).toEqual(["403 malformed", "403 algorithm"]);
    expect(idp.requests).toEqual([DISCOVERY]);
    expect([errors.length, logger.warn.mock.calls.length]).toEqual([1, 1]);

    idp.discovery(working);
    await until(async () => (await attempt(made.good)) === "200");
    expect(await outcomes(made.forged)).toEqual(["403 signature"]);
    expect(logger.info).toHaveBeenCalledTimes(1);

    // What it said before is known: keys are still fetched, and new ones found.
    idp.discovery(fault);
    idp.answer("/jwks", BOTH);
    clock.move(QUICK.cacheMaxAge + 1);
    expect(await outcomes(made.good, made.ofNewKey, made.forged)).toEqual(["200", "200", "403 signature"]);
    await until(() => logger.warn.mock.calls.length === 2);
    // Even where the document is asked for again first, as nobody logged in for long.
    idp.answer("/jwks", ALL);
    clock.move(QUICK.cacheMaxAge * 5);
    expect(await outcomes(made.ofThirdKey, made.good)).toEqual(["200", "200"]);
    expect(await outcomes(made.unknownKid)).toEqual(["403 unknown_key"]);
    // The keys could be asked for.
    expect(logger.warn.mock.lastCall?.[0]).toContain("no key for a token with alg RS256");

    idp.discovery(working);
    await until(async () => {
      clock.move(QUICK.cacheMaxAge + 1);
      expect(await attempt(made.good)).toBe("200");
      return logger.info.mock.calls.length === 2;
    });
    expect(logger.warn).toHaveBeenCalledTimes(3);
    expect(idp.requests).not.toContain("/moved");
  });

  test("refuses connections, and comes back", async () => {
    await idp.close();
    const port = await portToComeBackTo();
    const issuer = `http://127.0.0.1:${String(port)}`;
    const { attempt, errors } = discovering(issuer, { cooldown: 0 });
    const { good } = tokensOf(issuer);
    expect(await attempt(good)).toBe(DOWN);
    expect(errors.length).toBe(1);
    expect(errors[0]?.error.cause).toMatchObject({ cause: { code: "ECONNREFUSED" } });
    idp = await serveIdentityProvider("", port);
    idp.answer("/jwks", OLD_SET);
    expect(await attempt(good)).toBe("200");
  });
});

describe("a login settles within the cooldown and the timeout, if", () => {
  const BOUNDED = { cooldown: 0.1, timeout: 0.4 };
  const settles = (BOUNDED.cooldown + BOUNDED.timeout + 1) * 1_000;
  const hang = (): void => {
    idp.discovery(hangs);
    idp.answer("/jwks", hangs);
  };

  test("discovery hangs, again and again", async () => {
    hang();
    const { timed } = discovering(idp.issuer, BOUNDED);
    for (let count = 0; count < 4; count += 1) {
      const { outcome, ms } = await timed(made.good);
      expect(outcome).toBe(DOWN);
      expect(ms).toBeLessThan(settles);
    }
    expect(new Set(idp.requests)).toEqual(new Set([DISCOVERY]));
  });

  test("the keys hang that were found, and what was found is kept", async () => {
    idp.answer("/jwks", hangs);
    const { timed, attempt } = discovering(idp.issuer, BOUNDED);
    const { outcome, ms } = await timed(made.good);
    expect(outcome).toBe(DOWN);
    expect(ms).toBeLessThan(settles);
    idp.answer("/jwks", OLD_SET);
    expect(await attempt(made.good)).toBe("200");
    expect(idp.discoveries()).toBe(1);
  });

  test.each([1, 1.5, 2.5, 50])("both hang, %p times the age later", async (times) => {
    const { attempt, timed } = discovering(idp.issuer, BOUNDED);
    expect(await attempt(made.good)).toBe("200");
    hang();
    clock.move(QUICK.cacheMaxAge * times);
    for (let count = 0; count < 2; count += 1) {
      const results = await Promise.all([made.good, made.ofNewKey, made.forged].map(timed));
      expect(results.map(({ outcome }) => outcome)).toEqual(["200", DOWN, "403 signature"]);
      expect(Math.max(...results.map(({ ms }) => ms))).toBeLessThan(settles);
    }
    idp.discovery(text(idp.document()));
    idp.answer("/jwks", BOTH);
    await until(async () => (await attempt(made.ofNewKey)) === "200");
  });
});

describe("a discovery document", () => {
  test("is asked for once while it is fresh, however often keys are", async () => {
    const { attempt } = discovering(idp.issuer, { cooldown: 0 });
    expect(await attempt(made.good)).toBe("200");
    for (let count = 1; count <= 5; count += 1) {
      expect(await attempt(made.unknownKid)).toBe("403 unknown_key");
      clock.move(QUICK.cacheMaxAge / 10);
    }
    expect(idp.requests).toEqual([DISCOVERY, ...Array.from({ length: 6 }, () => "/jwks")]);
  });

  test("is refreshed when it is older, and holds up no fetch of keys", async () => {
    const { attempt } = discovering(idp.issuer);
    expect(await attempt(made.good)).toBe("200");
    const later = held(text(idp.document()));
    idp.discovery(later.answer);
    idp.answer("/jwks", BOTH);
    clock.move(QUICK.cacheMaxAge + 1);
    expect(await attempt(made.ofNewKey)).toBe("200");
    await until(() => idp.discoveries() === 2);
    later.release();
  });

  test("that nobody asked for in long is had anew, before its keys are", async () => {
    const { attempt } = discovering(idp.issuer);
    expect(await attempt(made.good)).toBe("200");
    idp.discovery(text(idp.document({ jwks_uri: `${idp.url}/keys` })));
    // The keys at the old place were withdrawn, all of them: whoever has that place now must not log anybody in.
    idp.answer("/keys", keySet([jwk(P256, { kid: "ec" })]));
    clock.move(QUICK.cacheMaxAge * 3);
    expect(await attempt(made.good)).toBe("403 unknown_key");
    expect(await attempt(made.ofNewKey)).toBe("200");
    expect(idp.requests).toEqual([DISCOVERY, "/jwks", DISCOVERY, "/keys"]);
  });

  test("that can't be had is used up to `staleIfError`, and not beyond", async () => {
    const { attempt } = discovering(idp.issuer, { cacheMaxAge: 100, staleIfError: 1_000, cooldown: 0 });
    expect(await attempt(made.good)).toBe("200");
    idp.discovery(fails);
    clock.move(900);
    idp.answer("/jwks", BOTH);
    expect(await attempt(made.ofNewKey)).toBe("200");
    clock.move(200);
    expect(await attempt(made.good)).toBe("200");
    expect(await attempt(made.unknownKid)).toBe(DOWN);
    // The keys are younger than the document that led to them, and have their own time.
    clock.move(700);
    expect(await attempt(made.good)).toBe("200");
    clock.move(200);
    expect(await attempt(made.good)).toBe(DOWN);
    idp.discovery(text(idp.document()));
    expect(await attempt(made.good)).toBe("200");
  });
});

test("a login by a new key gets in as soon as document and keys are available again, after neither was", async () => {
  const { attempt, errors } = discovering(idp.issuer, { cooldown: 0.4 });
  expect(await attempt(made.good)).toBe("200");
  idp.discovery(fails);
  idp.answer("/jwks", fails);
  clock.move(QUICK.cacheMaxAge + 1);
  expect(await attempt(made.good)).toBe("200");
  await until(() => errors.length === 2);
  idp.discovery(text(idp.document()));
  idp.answer("/jwks", BOTH);
  expect(await attempt(made.ofNewKey)).toBe("200");
});

describe("keys that moved to another URL", () => {
  const move = (left: JwksAnswer): void => {
    idp.answer("/jwks", left);
    idp.answer("/keys", BOTH);
    idp.discovery(text(idp.document({ jwks_uri: `${idp.url}/keys` })));
  };

  test.each<[string, JwksAnswer]>([
    ["nothing", text("{}", 404)],
    ["an error", fails],
    ["a page", text("<!doctype html>", 200, { "Content-Type": "text/html" })],
    ["a set without keys", keySet([])],
    [
      "a redirect",
      (_, res) => {
        res.writeHead(301, { Location: "/keys" }).end();
      },
    ],
  ])("are found at the next fetch, and no login is lost, if %s is left at the old one", async (_, left) => {
    const { attempt, errors } = discovering(idp.issuer);
    expect(await attempt(made.good)).toBe("200");
    move(left);
    expect(await attempt(made.ofNewKey)).toBe("200");
    expect(await attempt(made.good)).toBe("200");
    expect(await attempt(made.unknownKid)).toBe("403 unknown_key");
    expect(idp.requests).toEqual([DISCOVERY, "/jwks", "/jwks", DISCOVERY, "/keys", "/keys"]);
    expect(errors).toEqual([]);
  });

  test("are found when their refresh is due, and nobody waits", async () => {
    const { attempt } = discovering(idp.issuer);
    expect(await attempt(made.good)).toBe("200");
    move(text("{}", 404));
    clock.move(QUICK.cacheMaxAge + 1);
    expect(await attempt(made.good)).toBe("200");
    await until(() => idp.requests.includes("/keys"));
    expect(await attempt(made.ofNewKey)).toBe("200");
    expect(idp.requests.filter((path) => path === "/jwks").length).toBe(2);
  });

  test("are found as soon as the document is refreshed, if the old ones are left at the old URL", async () => {
    const { attempt, errors } = discovering(idp.issuer);
    expect(await attempt(made.good)).toBe("200");
    move(OLD_SET);
    clock.move(QUICK.cacheMaxAge + 1);
    expect(await attempt(made.good)).toBe("200");
    await until(async () => (await attempt(made.ofNewKey)) === "200");
    expect(idp.discoveries()).toBe(2);
    expect(errors).toEqual([]);
  });

  test("are found one fetch later if the old URL hangs", async () => {
    const { attempt } = discovering(idp.issuer, { timeout: 0.3 });
    expect(await attempt(made.good)).toBe("200");
    move(hangs);
    expect(await attempt(made.ofNewKey)).toBe(DOWN);
    expect(await attempt(made.good)).toBe("200");
    await until(async () => (await attempt(made.ofNewKey)) === "200");
  });

  test("are not found while discovery is down, and known ones serve", async () => {
    const { attempt, errors } = discovering(idp.issuer);
    expect(await attempt(made.good)).toBe("200");
    move(text("{}", 404));
    idp.discovery(fails);
    expect(await attempt(made.ofNewKey)).toBe(DOWN);
    expect(await attempt(made.good)).toBe("200");
    expect(errors.map(({ error }) => (error.cause as Error).message)).toEqual([
      "answered with status 500",
      "answered with status 404",
    ]);
    move(text("{}", 404));
    await until(async () => (await attempt(made.ofNewKey)) === "200");
  });

  test("are not looked for twice at the URL that the document still names", async () => {
    const { attempt, errors } = discovering(idp.issuer);
    expect(await attempt(made.good)).toBe("200");
    idp.answer("/jwks", fails);
    expect(await attempt(made.ofNewKey)).toBe(DOWN);
    expect(idp.requests).toEqual([DISCOVERY, "/jwks", "/jwks", DISCOVERY]);
    expect(errors.map(({ error }) => (error.cause as Error).message)).toEqual(["answered with status 500"]);
  });
});

describe("an outage", () => {
  test("of discovery is told at each failure, and to the logger when it begins and when it ends", async () => {
    idp.discovery(fails);
    const { attempt, errors, logger } = discovering(idp.issuer, { cooldown: 0 });
    for (let count = 0; count < 5; count += 1) expect(await attempt(made.good)).toBe(DOWN);
    expect(errors.length).toBe(5);
    expect(errors[0]).toMatchObject({ loginType: LOGIN_TYPE, error: { name: "KeysUnavailableError" } });
    expect((errors[0]?.error.cause as Error).message).toMatch(/500/);
    expect(logger.warn).toHaveBeenCalledTimes(1);
    expect(logger.info).not.toHaveBeenCalled();
    idp.discovery(text(idp.document()));
    expect(await attempt(made.good)).toBe("200");
    expect([logger.warn, logger.info].map(({ mock }) => mock.calls.length)).toEqual([1, 1]);
    expect(logger.error).not.toHaveBeenCalled();
  });

  test("of discovery alone is told although every login works, and so is its end", async () => {
    const { attempt, errors, logger } = discovering(idp.issuer);
    expect(await attempt(made.good)).toBe("200");
    idp.discovery(fails);
    clock.move(QUICK.cacheMaxAge + 1);
    expect(await attempt(made.good)).toBe("200");
    await until(() => errors.length === 1);
    expect(logger.warn).toHaveBeenCalledTimes(1);
    idp.discovery(text(idp.document()));
    clock.move(QUICK.cacheMaxAge + 1);
    await until(async () => (await attempt(made.good)) === "200" && logger.info.mock.calls.length === 1);
    expect(logger.warn).toHaveBeenCalledTimes(1);
  });

  test("has not ended if discovery works again, and the keys are not available yet", async () => {
    idp.discovery(fails);
    idp.answer("/jwks", fails);
    const { attempt, errors, logger } = discovering(idp.issuer, { cooldown: 0 });
    expect(await attempt(made.good)).toBe(DOWN);
    idp.discovery(text(idp.document()));
    expect(await attempt(made.good)).toBe(DOWN);
    expect(errors.length).toBe(2);
    expect([logger.warn, logger.info].map(({ mock }) => mock.calls.length)).toEqual([1, 0]);
    idp.answer("/jwks", OLD_SET);
    expect(await attempt(made.good)).toBe("200");
    expect([logger.warn, logger.info].map(({ mock }) => mock.calls.length)).toEqual([1, 1]);
  });

  test.each(EXPRESS_VERSIONS)(
    "of discovery is 503 for a client on %s, who learns nothing of it",
    async (_, express) => {
      idp.discovery(text(idp.document({ issuer: "https://elsewhere.example.org" })));
      const loginType = { secret: undefined, discover: true, issuer: idp.issuer, jwksOptions: QUICK };
      const running = await host(optionsWith(loginType), express);
      const unavailable = await loginWith(running.url, made.good);
      expect(unavailable).toMatchObject({ status: 503, body: { errcode: "M_UNKNOWN" } });
      expect(unavailable.headers.get("retry-after")).toBe("1");
      expect(JSON.stringify(unavailable.body)).not.toMatch(/127\.0\.0\.1|elsewhere|issuer|discovery/);
      idp.discovery(text(idp.document()));
      expect((await loginWith(running.url, made.good)).status).toBe(200);
      expect(await loginWith(running.url, made.forged)).toMatchObject({
        status: 403,
        body: { errcode: "M_FORBIDDEN" },
      });
      await running.close();
    },
  );
});

describe("login types over one issuer", () => {
  const discovered = (jwksOptions: JwksOptions = QUICK, more: object = {}): LoginTypeOptions => ({
    discover: true,
    issuer: idp.issuer,
    jwksOptions,
    ...more,
  });

  test("share one cache", async () => {
    const { core, attempt } = remoteLogins({ one: discovered(), two: discovered(QUICK, { audience: null }) });
    await core.ready();
    expect(await attempt(made.good, "one")).toBe("200");
    expect(await attempt(made.good, "two")).toBe("200");
    expect(idp.requests).toEqual([DISCOVERY, "/jwks"]);
  });

  test("are each told of an outage and of its end", async () => {
    idp.discovery(fails);
    const { attempt, errors, logger } = remoteLogins({ one: discovered(), two: discovered() });
    expect(await attempt(made.good, "one")).toBe(DOWN);
    expect(errors.map(({ loginType }) => loginType)).toEqual(["one", "two"]);
    expect(logger.warn).toHaveBeenCalledTimes(2);
    idp.discovery(text(idp.document()));
    expect(await attempt(made.good, "two")).toBe("200");
    expect(logger.info).toHaveBeenCalledTimes(2);
  });

  test("with other settings have keys of their own", async () => {
    const { core } = remoteLogins({ one: discovered(), two: discovered({ ...QUICK, cacheMaxAge: 601 }) });
    await core.ready();
    expect([...idp.requests].sort()).toEqual([DISCOVERY, DISCOVERY, "/jwks", "/jwks"]);
  });

  test("have keys of their own if one is given the endpoint, which outlives discovery", async () => {
    idp.discovery(fails);
    const endpoint = { jwksUri: `${idp.url}/jwks`, jwksOptions: QUICK };
    const { attempt } = remoteLogins({ one: discovered(), two: endpoint });
    expect(await attempt(made.good, "two")).toBe("200");
    expect(await attempt(made.good, "one")).toBe(DOWN);
  });

  test("have keys of their own if the issuer is called like another's endpoint", async () => {
    const other = await serveIdentityProvider("/jwks");
    other.answer("/jwks", OLD_SET);
    const jwksOptions = QUICK;
    const { core } = remoteLogins({
      one: { discover: true, issuer: other.issuer, jwksOptions },
      two: { jwksUri: other.issuer, jwksOptions },
    });
    await core.ready();
    expect([...other.requests].sort()).toEqual(["/jwks", "/jwks", `/jwks${DISCOVERY}`]);
    await other.close();
  });

  test("of another issuer share nothing, and take none of its tokens", async () => {
    const other = await serveIdentityProvider("/other");
    other.answer("/jwks", keySet([jwk(P256, { kid: "rsa" })]));
    const { attempt } = remoteLogins({ one: discovered(), two: { discover: true, issuer: other.issuer } });
    expect(await attempt(made.good, "one")).toBe("200");
    expect(await attempt(made.good, "two")).toBe("403 unknown_key");
    expect(await attempt(token({ iss: other.issuer }, PARTS.good), "one")).toBe("403 issuer");
    await other.close();
  });
});

describe("the option `discover`", () => {
  const issuer = "https://idp.example.org";

  test.each<[string, AnyOptions, string, RegExp]>([
    ["no issuer", { discover: true }, "issuer", /is required/],
    ["an issuer that is undefined", { discover: true, issuer: undefined }, "issuer", /is undefined/],
    ["issuers", { discover: true, issuer: [issuer, `${issuer}/2`] }, "issuer", /one issuer, not a list/],
    ["a list of one issuer", { discover: true, issuer: [issuer] }, "issuer", /one issuer, not a list/],
    ["an issuer that is a number", { discover: true, issuer: 1 }, "issuer", /must be a string/],
    ["an issuer that is null", { discover: true, issuer: null }, "issuer", /must be a string/],
    ["an issuer that is a URL object", { discover: true, issuer: new URL(issuer) }, "issuer", /must be a string/],
    ["an empty issuer", { discover: true, issuer: "" }, "issuer", /must not be empty/],
    ["an issuer without a scheme", { discover: true, issuer: "idp.example.org" }, "issuer", /must be a URL/],
    ["an issuer that is a path", { discover: true, issuer: "/realms/1" }, "issuer", /must be a URL/],
    ["http", { discover: true, issuer: "http://idp.example.org" }, "issuer", /must be an https: URL.*allowHttp/],
    ["ftp", { discover: true, issuer: "ftp://idp.example.org" }, "issuer", /must be an https: URL/],
    ["a password", { discover: true, issuer: "https://a:b@idp.example.org" }, "issuer", /user name or password/],
    ["a query", { discover: true, issuer: `${issuer}?tenant=1` }, "issuer", /no query/],
    ["an empty query", { discover: true, issuer: `${issuer}?` }, "issuer", /no query/],
    ["a fragment", { discover: true, issuer: `${issuer}#1` }, "issuer", /no fragment/],
    ["an empty fragment", { discover: true, issuer: `${issuer}/#` }, "issuer", /no fragment/],
    ["a space at its end", { discover: true, issuer: `${issuer} ` }, "issuer", /no white space/],
    ["a line break", { discover: true, issuer: `${issuer}/\n` }, "issuer", /no white space/],
    [
      "the URL of the document",
      { discover: true, issuer: "https://idp.example.org/.well-known/openid-configuration" },
      "issuer",
      /must be the issuer alone, without/,
    ],
    ["no source", { discover: false, issuer }, "", /no key source.*discover/],
    ["text", { discover: "true", issuer }, "discover", /must be true or false, not a string/],
    ["1", { discover: 1, issuer }, "discover", /must be true or false, not a number/],
    ["null", { discover: null, issuer }, "discover", /must be true or false, not null/],
    ["text beside a secret", { secret: SECRET, discover: "false" }, "discover", /must be true or false/],
    ["a wrong setting", { discover: true, issuer, jwksOptions: { timeout: 0 } }, "jwksOptions.timeout", /more than 0/],
    ["an unknown setting", { discover: true, issuer, jwksOptions: { uri: 1 } }, "jwksOptions.uri", /not an option/],
    ["an algorithm of secrets", { discover: true, issuer, algorithms: ["HS256"] }, "algorithms[0]", /does not fit/],
    [
      "settings without an endpoint",
      { secret: SECRET, discover: false, jwksOptions: {} },
      "jwksOptions",
      /goes with jwksUri or discover only/,
    ],
  ])("with %s is refused", (_, options, path, problem) => {
    const error = errorOf(() => verifierOf(options));
    expect(error).toMatchObject({ name: "OptionsError", path });
    expect(error.message).toMatch(problem);
  });

  const SOURCES: readonly (readonly [string, unknown])[] = [
    ["secret", SECRET],
    ["publicKey", pem(RSA)],
    ["keyFile", "/etc/key.pem"],
    ["jwksUri", "https://idp.example.org/jwks"],
    ["jwks", { keys: [jwk(RSA)] }],
  ];

  test.each(SOURCES)("is refused beside %s", (name, source) => {
    const error = errorOf(() => verifierOf({ discover: true, issuer, [name]: source }));
    expect(error).toMatchObject({ name: "OptionsError", path: "discover" });
    expect(error.message).toMatch(new RegExp(`cannot be combined with ${name}: .* one key source`));
  });

  test.each(SOURCES.filter(([name]) => name !== "keyFile"))("that is false is as if not there: %s", (name, source) => {
    expect(() => verifierOf({ [name]: source, discover: false })).not.toThrow();
    expect(() => verifierOf({ [name]: source, discover: false, issuer: ["a", "b?"] })).not.toThrow();
  });

  test.each<AnyOptions>([
    { issuer },
    { issuer: `${issuer}/` },
    { issuer: `${issuer}:8443/realms/matrix` },
    { issuer: "HTTPS://IDP.EXAMPLE.ORG" },
    { issuer: "http://localhost:8080" },
    { issuer: "http://[::1]" },
    { issuer: "http://idp.example.org", jwksOptions: { allowHttp: true } },
    { issuer, jwksOptions: { cacheMaxAge: 60, staleIfError: 0, cooldown: 0, timeout: 1, fetch } },
    { issuer, algorithms: ["RS256", "EdDSA"] },
    { issuer, audience: "matrix" },
  ])("goes with %j", (options) => {
    expect(() => verifierOf({ discover: true, ...options })).not.toThrow();
  });

  test("asks for nothing before a key is needed", async () => {
    const fetch = jest.fn<Fetch>(() => Promise.reject(new Error("no route")));
    const { attempt } = discovering(issuer, { fetch });
    expect(await attempt("rubbish")).toBe("403 malformed");
    expect(await attempt(token())).toBe("403 algorithm");
    expect(fetch).not.toHaveBeenCalled();
    expect(await attempt(made.good)).toBe(DOWN);
    expect(fetch.mock.calls.map(([url]) => url)).toEqual([issuer + DISCOVERY]);
  });
});
