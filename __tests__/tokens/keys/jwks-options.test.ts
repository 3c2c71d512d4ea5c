import type { ReadableStreamDefaultController, UnderlyingSource } from "node:stream/web";
import { setTimeout as sleep } from "node:timers/promises";

import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import type { Fetch, JwksOptions, LoginTypeOptions } from "matrix-jwt-login";

import { keySet, serveJwks, text, type JwksServer } from "../../helpers/jwks-server.js";
import { jwk, P256, RSA } from "../../helpers/keys.js";
import { LOGIN_TYPE } from "../../helpers/login.js";
import { QUICK, remoteLogin, remoteLogins } from "../../helpers/remote-login.js";
import { token } from "../../helpers/tokens.js";
import { until } from "../../helpers/until.js";
import { errorOf, verifierOf } from "../../helpers/verdict.js";

const good = token({}, { algorithm: "RS256", header: { kid: "rsa" } });
const unknownKid = token({}, { algorithm: "RS256", header: { kid: "unknown" } });
const SET = JSON.stringify({ keys: [jwk(RSA, { kid: "rsa" })] });
const DOWN = "503 keys_unavailable";

let server: JwksServer;
let ended = false;

beforeEach(async () => {
  ended = false;
  server = await serveJwks([jwk(RSA, { kid: "rsa" })]);
});

afterEach(async () => {
  ended = true;
  await server.close();
});

describe("a `fetch` of the host's", () => {
  test("is used in place of the global one, with all that it needs to know", async () => {
    const global = jest.spyOn(globalThis, "fetch");
    const fetch = jest.fn<Fetch>(() => Promise.resolve(new Response(SET)));
    expect(await remoteLogin("https://idp.example.org/jwks", { fetch }).attempt(good)).toBe("200");
    expect(fetch).toHaveBeenCalledTimes(1);
    const [url, init] = fetch.mock.calls[0] ?? [];
    expect(url).toBe("https://idp.example.org/jwks");
    expect(init).toMatchObject({ method: "GET", redirect: "error" });
    expect(init?.headers["accept"]).toContain("application/json");
    expect(init?.signal).toBeInstanceOf(AbortSignal);
    expect(global).not.toHaveBeenCalled();
    global.mockRestore();
  });

  test("set as the global one later is used", async () => {
    const { attempt } = remoteLogin("https://idp.example.org/jwks");
    const global = jest.spyOn(globalThis, "fetch").mockImplementation(() => Promise.resolve(new Response(SET)));
    expect(await attempt(good)).toBe("200");
    expect(global).toHaveBeenCalledTimes(1);
    global.mockRestore();
  });

  const never = (): Promise<never> => new Promise(() => undefined);
  /** Without end but for the test's: who goes on reading must not keep the tests from ending. */
  const endlessSource = (chunk: Uint8Array, pause: number): UnderlyingSource<Uint8Array> => ({
    async pull(controller: ReadableStreamDefaultController<Uint8Array>) {
      await sleep(pause);
      if (ended) controller.close();
      else controller.enqueue(chunk);
    },
  });
  const endless = (chunk: Uint8Array, pause: number): ReadableStream =>
    new ReadableStream<Uint8Array>(endlessSource(chunk, pause));
  const redirected = (): Response => Object.defineProperty(new Response(SET), "redirected", { value: true });

  test.each<[string, () => unknown]>([
    ["never answers, whatever the signal", never],
    ["rejects", () => Promise.reject(new Error("no route"))],
    ["rejects with undefined", jest.fn<() => Promise<never>>().mockRejectedValue(undefined)],
    ["rejects with null", jest.fn<() => Promise<never>>().mockRejectedValue(null)],
    ["rejects with text", jest.fn<() => Promise<never>>().mockRejectedValue("no route")],
    ["rejects with what is frozen", () => Promise.reject(Object.freeze(new Error("no route")))],
    [
      "throws",
      () => {
        throw new TypeError("no route");
      },
    ],
    ["gives nothing", () => undefined],
    ["gives something else", () => Promise.resolve({ keys: [jwk(RSA, { kid: "rsa" })] })],
    [
      "gives a body that was read",
      async () => {
        const response = new Response(SET);
        await response.text();
        return response;
      },
    ],
    ["gives no body", () => Promise.resolve(new Response(null))],
    ["followed a redirect", () => Promise.resolve(redirected())],
    ["gives a redirect", () => Promise.resolve(Response.redirect("https://elsewhere.example.org/", 302))],
    ["gives an error", () => Promise.resolve(Response.error())],
    ["gives a body that hangs", () => Promise.resolve(new Response(new ReadableStream({ pull: never })))],
    ["gives a body that drips without end", () => Promise.resolve(new Response(endless(Buffer.from(" "), 10)))],
    ["gives a body that pours without end", () => Promise.resolve(new Response(endless(new Uint8Array(65_536), 0)))],
    [
      "gives a body that breaks",
      () => Promise.resolve(new Response(new ReadableStream({ pull: () => Promise.reject(new Error("broken")) }))),
    ],
    [
      "gives a body of text in place of bytes",
      () =>
        Promise.resolve(
          new Response(
            new ReadableStream({
              start(controller) {
                controller.enqueue(SET as unknown as Uint8Array);
                controller.close();
              },
            }),
          ),
        ),
    ],
  ])("that %s counts as failed, within the deadline", async (_, fetch) => {
    const { attempt, timed, errors } = remoteLogin("https://idp.example.org/jwks", {
      fetch: fetch as Fetch,
      timeout: 0.3,
    });
    const { outcome, ms } = await timed(good);
    expect(outcome).toBe(DOWN);
    expect(ms).toBeLessThan((QUICK.cooldown + 0.3 + 1) * 1_000);
    expect(errors.length).toBe(1);
    expect(errors[0]?.error.name).toBe("KeysUnavailableError");
    expect(await attempt("rubbish")).toBe("403 malformed");
  });

  test("that fails once and then works", async () => {
    const fetch = jest.fn<Fetch>(() => Promise.resolve(new Response(SET)));
    fetch.mockRejectedValueOnce(undefined);
    const { attempt, logger } = remoteLogin("https://idp.example.org/jwks", { fetch });
    expect(await attempt(good)).toBe(DOWN);
    expect(await attempt(good)).toBe("200");
    expect(logger.info).toHaveBeenCalledTimes(1);
  });

  test("is told to stop at the deadline", async () => {
    let signal: AbortSignal | undefined;
    const fetch: Fetch = (_, init) => {
      signal = init.signal;
      return never();
    };
    expect(await remoteLogin("https://idp.example.org/jwks", { fetch, timeout: 0.1 }).attempt(good)).toBe(DOWN);
    expect(signal?.aborted).toBe(true);
  });

  test.each<[string, UnderlyingSource<Uint8Array>]>([
    ["drips", endlessSource(Buffer.from(" "), 10)],
    ["hangs", { pull: never }],
  ])("that ignores the signal has its body cancelled at the deadline, where it %s", async (_, source) => {
    const cancel = jest.fn<() => void>();
    const fetch = (): Promise<Response> => Promise.resolve(new Response(new ReadableStream({ ...source, cancel })));
    expect(await remoteLogin("https://idp.example.org/jwks", { fetch, timeout: 0.1 }).attempt(good)).toBe(DOWN);
    await until(() => cancel.mock.calls.length > 0, 1);
  });

  test("that answers after the deadline has its body cancelled", async () => {
    const cancel = jest.fn<() => void>();
    const fetch: Fetch = async (_, { signal }) => {
      await until(() => signal.aborted, 1);
      return new Response(new ReadableStream({ pull: never, cancel }));
    };
    expect(await remoteLogin("https://idp.example.org/jwks", { fetch, timeout: 0.1 }).attempt(good)).toBe(DOWN);
    await until(() => cancel.mock.calls.length > 0, 1);
  });

  test("that answers without a body counts as failed", async () => {
    const fetch: Fetch = () => Promise.resolve(new Response(null));
    expect(await remoteLogin("https://idp.example.org/jwks", { fetch }).attempt(good)).toBe(DOWN);
  });

  test("has its body cancelled if it is too long", async () => {
    const cancel = jest.fn<() => void>();
    const source = {
      pull: (controller: ReadableStreamDefaultController<Uint8Array>) => {
        controller.enqueue(new Uint8Array(1_000));
      },
      cancel,
    };
    const fetch = (): Promise<Response> => Promise.resolve(new Response(new ReadableStream<Uint8Array>(source)));
    const { attempt, errors } = remoteLogin("https://idp.example.org/jwks", { fetch, maxResponseSize: 5_000 });
    expect(await attempt(good)).toBe(DOWN);
    expect((errors[0]?.error.cause as Error).message).toMatch(/5000 bytes/);
    await until(() => cancel.mock.calls.length > 0, 1);
  });
});

describe("login types over one endpoint", () => {
  const endpoint = (jwksOptions: JwksOptions | undefined, more: object = {}): LoginTypeOptions => ({
    jwksUri: server.url,
    ...(jwksOptions && { jwksOptions }),
    ...more,
  });

  test.each<[string, () => readonly [LoginTypeOptions, LoginTypeOptions]]>([
    ["without options", () => [endpoint(undefined), endpoint(undefined, { audience: "other" })]],
    [
      "with no options and those that are the defaults",
      () => [endpoint(undefined), endpoint({ cacheMaxAge: 600, timeout: 5 })],
    ],
    ["with equal options", () => [endpoint({ cooldown: 2 }), endpoint({ cooldown: 2 })]],
    [
      "with one options object",
      () => {
        const options = endpoint({ fetch: (...args) => fetch(...args) });
        return [options, options];
      },
    ],
    [
      "with one URL as text and as URL",
      () => [endpoint(undefined), endpoint(undefined, { jwksUri: new URL(server.url) })],
    ],
    [
      "with a `fetch` that is the same",
      () => {
        const own: Fetch = (...args) => fetch(...args);
        return [endpoint({ fetch: own }), endpoint({ fetch: own })];
      },
    ],
  ])("share its keys: %s", async (_, make) => {
    const [one, two] = make();
    const { core, attempt } = remoteLogins({ one, two: { ...two, audience: null } });
    await core.ready();
    expect(await attempt(good, "one")).toBe("200");
    expect(await attempt(good, "two")).toBe("200");
    expect(server.requests.length).toBe(1);
  });

  test.each<[string, () => readonly [LoginTypeOptions, LoginTypeOptions]]>([
    ["another age", () => [endpoint(undefined), endpoint({ cacheMaxAge: 601 })]],
    ["another limit", () => [endpoint({ maxResponseSize: 10_000 }), endpoint({ maxResponseSize: 10_001 })]],
    ["another `fetch`", () => [endpoint({ fetch: (...args) => fetch(...args) }), endpoint(undefined)]],
    ["another URL", () => [endpoint(undefined), endpoint(undefined, { jwksUri: `${server.url}?tenant=2` })]],
  ])("have keys of their own with %s", async (_, make) => {
    const [one, two] = make();
    const { core } = remoteLogins({ one, two });
    await core.ready();
    expect(server.requests.length).toBe(2);
  });

  test("are each told of an outage and of its end", async () => {
    server.answer(text("", 500));
    const { attempt, errors, logger } = remoteLogins({ one: endpoint(QUICK), two: endpoint(QUICK) });
    expect(await attempt(good, "one")).toBe(DOWN);
    expect(errors.map(({ loginType }) => loginType)).toEqual(["one", "two"]);
    expect(logger.warn).toHaveBeenCalledTimes(2);
    server.answer(keySet([jwk(RSA, { kid: "rsa" })]));
    expect(await attempt(good, "two")).toBe("200");
    expect(logger.info).toHaveBeenCalledTimes(2);
    expect(server.requests.length).toBe(2);
  });

  test("share one cooldown", async () => {
    const { attempt } = remoteLogins({ one: endpoint(QUICK), two: endpoint(QUICK) });
    const outcomes = await Promise.all(["one", "two", "one"].map((type) => attempt(unknownKid, type)));
    expect(new Set(outcomes)).toEqual(new Set(["403 unknown_key"]));
    expect(server.requests.length).toBe(1);
  });

  test("of two hosts share nothing", async () => {
    await remoteLogin(server.url).core.ready();
    await remoteLogin(server.url).core.ready();
    expect(server.requests.length).toBe(2);
  });
});

test("a thousand login types over one endpoint are one fetch", async () => {
  const types = Array.from(
    { length: 1_000 },
    (_, index) => [`type.${String(index)}`, { jwksUri: server.url }] as const,
  );
  const { core, attempt } = remoteLogins({ [LOGIN_TYPE]: { jwksUri: server.url }, ...Object.fromEntries(types) });
  await core.ready();
  expect(await attempt(good, "type.999")).toBe("200");
  expect(server.requests.length).toBe(1);
});

describe("`jwksUri`", () => {
  test.each([
    "https://idp.example.org/jwks",
    "https://idp.example.org:8443/jwks?tenant=1",
    "HTTPS://IDP.EXAMPLE.ORG/jwks",
    "http://localhost/jwks",
    "http://LOCALHOST:8080/jwks",
    "http://127.0.0.1/jwks",
    "http://127.1.2.3:80/jwks",
    "http://127.1/jwks",
    "http://[::1]:8080/jwks",
    "http://[0:0:0:0:0:0:0:1]/jwks",
  ])("may be %s", (jwksUri) => {
    expect(() => verifierOf({ jwksUri })).not.toThrow();
    expect(() => verifierOf({ jwksUri: new URL(jwksUri) })).not.toThrow();
  });

  test.each([
    "http://idp.example.org/jwks",
    "http://10.0.0.1/jwks",
    "http://0.0.0.0/jwks",
    "http://128.0.0.1/jwks",
    "http://localhost.example.org/jwks",
    "http://example.localhost.org/jwks",
    "http://127.0.0.1.example.org/jwks",
    "http://xlocalhost/jwks",
    "http://[::2]/jwks",
    "http://[2001:db8::1]/jwks",
  ])("may be %s with `allowHttp` only", (jwksUri) => {
    const error = errorOf(() => verifierOf({ jwksUri }));
    expect(error).toMatchObject({ name: "OptionsError", path: "jwksUri" });
    expect(error.message).toMatch(/https.*allowHttp/);
    expect(errorOf(() => verifierOf({ jwksUri, jwksOptions: { allowHttp: false } }))).toMatchObject({
      path: "jwksUri",
    });
    expect(() => verifierOf({ jwksUri, jwksOptions: { allowHttp: true } })).not.toThrow();
  });

  test.each<[unknown, RegExp]>([
    ["", /empty/],
    ["idp.example.org/jwks", /URL/],
    ["/jwks", /URL/],
    ["https://", /URL/],
    ["ftp://localhost/jwks", /https/],
    ["file:///etc/jwks.json", /https/],
    ["data:application/json,{}", /https/],
    ["javascript:0", /https/],
    ["https://user:secret@idp.example.org/jwks", /user name or password/],
    ["https://user@idp.example.org/jwks", /user name or password/],
    ["https://:secret@idp.example.org/jwks", /user name or password/],
    [null, /string/],
    [5, /string/],
    [["https://idp.example.org/jwks"], /string/],
    [{ href: "https://idp.example.org/jwks" }, /string/],
  ])("can't be %p", (jwksUri, message) => {
    const error = errorOf(() => verifierOf({ jwksUri, jwksOptions: { allowHttp: true } }));
    expect(error).toMatchObject({ name: "OptionsError", path: "jwksUri" });
    expect(error.message).toMatch(message);
    expect(error.message).not.toMatch(/secret/);
  });
});

describe("`jwksOptions`", () => {
  test.each<[unknown, string]>([
    [null, ""],
    [[], ""],
    ["60", ""],
    [{ cacheAge: 60 }, ".cacheAge"],
    [{ cacheMaxAge: 0 }, ".cacheMaxAge"],
    [{ cacheMaxAge: -1 }, ".cacheMaxAge"],
    [{ cacheMaxAge: "600" }, ".cacheMaxAge"],
    [{ cacheMaxAge: NaN }, ".cacheMaxAge"],
    [{ cacheMaxAge: Infinity }, ".cacheMaxAge"],
    [{ staleIfError: -1 }, ".staleIfError"],
    [{ staleIfError: null }, ".staleIfError"],
    [{ cooldown: -0.1 }, ".cooldown"],
    [{ cooldown: 2_147_484 }, ".cooldown"],
    [{ timeout: 0 }, ".timeout"],
    [{ timeout: 2_147_484 }, ".timeout"],
    [{ timeout: 5n }, ".timeout"],
    [{ maxResponseSize: 0 }, ".maxResponseSize"],
    [{ maxResponseSize: 0.5 }, ".maxResponseSize"],
    [{ fetch: "node-fetch" }, ".fetch"],
    [{ allowHttp: 1 }, ".allowHttp"],
  ])("can't be %p", (jwksOptions, path) => {
    const error = errorOf(() => verifierOf({ jwksUri: "https://idp.example.org/jwks", jwksOptions }));
    expect(error).toMatchObject({ name: "OptionsError", path: `jwksOptions${path}` });
  });

  test.each<JwksOptions>([{}, { staleIfError: 0 }, { cooldown: 0 }, { cacheMaxAge: 0.001 }, { maxResponseSize: 1 }])(
    "may be %p",
    (jwksOptions) => {
      expect(() => verifierOf({ jwksUri: "https://idp.example.org/jwks", jwksOptions })).not.toThrow();
    },
  );

  test("of the defaults take an honest set", async () => {
    server.answer(keySet([jwk(P256, { kid: "ec" }), jwk(RSA, { kid: "rsa" })]));
    expect(await remoteLogins({ [LOGIN_TYPE]: { jwksUri: server.url } }).attempt(good)).toBe("200");
  });
});
