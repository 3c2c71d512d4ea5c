import { inspect } from "node:util";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { createTokenVerifier, IntrospectionUnavailableError, type LoginTypeOptions } from "matrix-jwt-login";

import { expectOptionsError } from "../helpers/bad-options.js";
import { movableClock } from "../helpers/clock.js";
import { serveIdentityProvider } from "../helpers/identity-provider.js";
import { keySet, text as answered } from "../helpers/jwks-server.js";
import { ED25519, jwk, SECRET } from "../helpers/keys.js";
import { LOGIN_TYPE } from "../helpers/login.js";
import { QUICK, remoteLogins } from "../helpers/remote-login.js";
import { encode, inSeconds, token } from "../helpers/tokens.js";
import { verdict, verifierOf, type AnyOptions } from "../helpers/verdict.js";

type Claims = Readonly<Record<string, unknown>>;
type Behaviour = (req: IncomingMessage, res: ServerResponse, body: string) => void;

const OPAQUE = "an-opaque.token~1+/==";
const ALICE = { active: true, sub: "alice" };
const BOUND = { allowSenderConstrained: true };

let server: Server;
let url: string;
let behave: Behaviour;
let asked: {
  url: string | undefined;
  method: string | undefined;
  headers: IncomingMessage["headers"];
  body: string;
}[] = [];

beforeAll(async () => {
  server = createServer((req, res) => {
    let body = "";
    req.on("data", (chunk: Buffer) => (body += chunk.toString()));
    req.on("end", () => {
      asked.push({ url: req.url, method: req.method, headers: req.headers, body });
      behave(req, res, body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
afterEach(() => {
  asked = [];
  jest.restoreAllMocks();
});

const json =
  (value: unknown, status = 200): Behaviour =>
  (_, res) => {
    res.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(value));
  };
const text =
  (value: string, status = 200, headers = {}): Behaviour =>
  (_, res) => {
    res.writeHead(status, headers).end(value);
  };

/** Options of a login type whose tokens are introspected alone. */
function alone(introspection: object = {}, more: object = {}): AnyOptions & LoginTypeOptions {
  return { audience: null, introspection: { endpoint: `${url}/introspect`, timeout: 2, ...introspection }, ...more };
}

async function outcome(answer: Claims, more: object = {}, text = OPAQUE): Promise<string> {
  behave = json(answer);
  return remoteLogins({ [LOGIN_TYPE]: alone({}, more) }).attempt(text);
}

describe("introspection alone", () => {
  test.each<[string, Claims, object, string]>([
    ["an active token", ALICE, {}, "200"],
    ["one that is not active", { ...ALICE, active: false }, {}, "403 inactive"],
    ["one of nobody", { active: true }, {}, "403 subject"],
    ["a bearer token", { ...ALICE, token_type: "bearer" }, {}, "200"],
    ["an access token", { ...ALICE, token_type: "Access_Token" }, {}, "200"],
    ["a DPoP token", { ...ALICE, token_type: "DPoP" }, {}, "403 sender_constrained"],
    ["a DPoP token, where allowed", { ...ALICE, token_type: "dpop", cnf: { jkt: "x" } }, BOUND, "200"],
    ["Keycloak's refresh token, bound", { ...ALICE, token_type: "DPoP", typ: "Refresh" }, BOUND, "403 token_type"],
    ["a refresh token", { ...ALICE, token_type: "refresh_token" }, {}, "403 token_type"],
    ["a token of no type", { ...ALICE, token_type: null }, {}, "403 token_type"],
    ["Keycloak's refresh token", { ...ALICE, token_type: "Bearer", typ: "Refresh" }, {}, "403 token_type"],
    ["Keycloak's offline token", { ...ALICE, typ: "Offline" }, {}, "403 token_type"],
    ["Keycloak's ID token", { ...ALICE, typ: "ID" }, {}, "403 token_type"],
    ["Keycloak's access token", { ...ALICE, typ: "Bearer" }, {}, "200"],
    ["an expired token", { ...ALICE, exp: 1 }, {}, "403 expired"],
    ["a time that is no number", { ...ALICE, exp: "tomorrow" }, {}, "403 invalid_time"],
    ["no expiry where it is required", ALICE, { requireExpiry: true }, "403 expiry_missing"],
    ["the audience", { ...ALICE, aud: ["matrix"] }, { audience: "matrix" }, "200"],
    ["another audience", { ...ALICE, aud: "other" }, { audience: "matrix" }, "403 audience"],
    ["no audience", ALICE, { audience: "matrix" }, "403 audience"],
    ["the scope", { ...ALICE, scope: "a matrix" }, { requiredScopes: ["matrix"] }, "200"],
    ["another scope", { ...ALICE, scope: "matrix2" }, { requiredScopes: ["matrix"] }, "403 scope"],
    ["the issuer", { ...ALICE, iss: "https://id.example.org" }, { issuer: "https://id.example.org" }, "200"],
    ["another issuer", { ...ALICE, iss: "https://id.example.com" }, { issuer: "https://id.example.org" }, "403 issuer"],
    ["no issuer", ALICE, { issuer: "https://id.example.org" }, "403 issuer"],
    ["a subject elsewhere", { active: true, username: "alice" }, { subjectClaim: "username" }, "200"],
    ["what authorize refuses", ALICE, { authorize: () => false }, "403 unauthorized"],
    ["single use without expiry", ALICE, { singleUse: true }, "403 expiry_missing"],
  ])("of %s", async (_, answer, more, expected) => {
    expect(await outcome(answer, more)).toBe(expected);
  });

  test.each(["", "a b", "a\n", "a&token=b", "é", "a=b", "=", "a\u0000"])("refuses %j without asking", async (text) => {
    expect(await outcome(ALICE, {}, text)).toBe("403 malformed");
    expect(asked).toEqual([]);
  });

  test.each([
    ["a logout token", token({}, { header: { typ: "logout+jwt" } })],
    ["a security event token", token({}, { header: { typ: "application/secevent+jwt" } })],
    ["a DPoP proof", token({}, { header: { typ: "DPoP+jwt" } })],
    ["a logout token of no type", token({ events: { "http://schemas.openid.net/event/backchannel-logout": {} } })],
  ])("refuses %s without asking, whatever the answer would be", async (_, text) => {
    expect(await outcome(ALICE, {}, text)).toBe("403 token_type");
    expect(asked).toEqual([]);
  });

  test("takes a JWT of any other type", async () => {
    expect(await outcome(ALICE, {}, token({}, { header: { typ: "at+jwt" } }))).toBe("200");
  });

  test("refuses what is too long without asking", async () => {
    expect(await outcome(ALICE, { maxTokenLength: 10 }, "a".repeat(11))).toBe("403 too_long");
    expect(asked).toEqual([]);
  });

  test("asks by POST, and puts the token into the form alone", async () => {
    expect(await outcome(ALICE)).toBe("200");
    expect(asked).toHaveLength(1);
    const [question] = asked;
    expect(question).toMatchObject({
      url: "/introspect",
      method: "POST",
      headers: { accept: "application/json", "content-type": "application/x-www-form-urlencoded" },
      body: "token=an-opaque.token%7E1%2B%2F%3D%3D&token_type_hint=access_token",
    });
    expect(question?.headers.authorization).toBeUndefined();
  });

  test("asks at every login", async () => {
    behave = json(ALICE);
    const { attempt } = remoteLogins({ [LOGIN_TYPE]: alone() });
    expect(await attempt(OPAQUE)).toBe("200");
    behave = json({ active: false });
    expect(await attempt(OPAQUE)).toBe("403 inactive");
  });

  test("takes a token once, by its text", async () => {
    behave = json({ ...ALICE, exp: inSeconds(60) });
    const { attempt } = remoteLogins({ [LOGIN_TYPE]: alone({}, { singleUse: true }) });
    expect([await attempt(OPAQUE), await attempt(OPAQUE), await attempt("another")]).toEqual([
      "200",
      "403 used",
      "200",
    ]);
  });

  const [header, payload, signature] = token({ sub: "alice" }, { algorithm: "RS256" }).split(".") as [
    string,
    string,
    string,
  ];
  const jwe = `${encode({ alg: "dir", enc: "A128GCM" })}..AAAA.AQ`;
  test.each<[string, string, readonly string[]]>([
    ["an opaque token", "opaque.token", ["opaque.token=", "opaque.token=="]],
    [
      "a JWT",
      `${header}.${payload}.${signature}`,
      [
        `${header}.${payload}.${signature}==`,
        `${header}.${payload}.${signature.replaceAll("-", "+").replaceAll("_", "/")}`,
        `${header}.${payload}.AAAA`,
        `${header}.${payload}.${signature}.`,
        `${header}.${payload}.${signature}.x`,
        `${header}.${payload}.${signature}.AAAA.BBBB`,
        `${header}.${payload}.${signature}..`,
      ],
    ],
    // The bits of the last character that are no part of a byte.
    ["an encrypted token", `${jwe}.AQ`, [`${jwe}.AQ==`, `${jwe}.AR`, `${jwe}.AQ.`, `${jwe}.AQ.x`]],
  ])("takes %s once, in whatever other spelling a lenient server knows it", async (_, first, twins) => {
    behave = json({ ...ALICE, exp: inSeconds(60) });
    const { attempt } = remoteLogins({ [LOGIN_TYPE]: alone({}, { singleUse: true }) });
    expect(await attempt(first)).toBe("200");
    for (const twin of twins) expect(await attempt(twin)).toBe("403 used");
    expect(await attempt("another")).toBe("200");
  });

  test.each<[string, string, string]>([
    ["two that begin with JSON", `${encode({})}.v1.secret1`, `${encode({})}.v1.secret2`],
    ["two without a payload", `${header}..AAAA`, `${header}..BBBB`],
    ["two encrypted ones", `${jwe}.AQ`, `${jwe}.BQ`],
  ])("takes each of %s for itself", async (_, first, second) => {
    behave = json({ ...ALICE, exp: inSeconds(60) });
    const { attempt } = remoteLogins({ [LOGIN_TYPE]: alone({}, { singleUse: true }) });
    expect([await attempt(first), await attempt(second), await attempt(first)]).toEqual(["200", "200", "403 used"]);
  });

  test("gives the answer to the host's functions", async () => {
    const authorize = jest.fn((...given: unknown[]) => given.length > 0);
    expect(await outcome({ ...ALICE, username: "Alice" }, { authorize })).toBe("200");
    expect(authorize.mock.calls[0]?.[0]).toEqual({ ...ALICE, username: "Alice" });
    expect(authorize.mock.calls[0]?.[2]).toEqual({ ...ALICE, username: "Alice" });
  });

  test.each<[string, object, string | undefined, string]>([
    ["none", {}, undefined, ""],
    ["basic", { clientId: "matrix", clientSecret: "s3cret" }, "Basic bWF0cml4OnMzY3JldA==", ""],
    [
      "basic, form-encoded before base64",
      { clientId: "cl:ié nt", clientSecret: "p+w%", clientAuthentication: "client_secret_basic" },
      `Basic ${Buffer.from("cl%3Ai%C3%A9+nt:p%2Bw%25").toString("base64")}`,
      "",
    ],
    [
      "post",
      { clientId: "matrix", clientSecret: "s&t", clientAuthentication: "client_secret_post" },
      undefined,
      "&client_id=matrix&client_secret=s%26t",
    ],
    ["bearer", { bearerToken: "api-token" }, "Bearer api-token", ""],
    ["a function", { bearerToken: () => "api-token" }, "Bearer api-token", ""],
    ["an async function", { bearerToken: () => Promise.resolve("api-token") }, "Bearer api-token", ""],
  ])("authenticates with %s", async (_, credentials, authorization, form) => {
    behave = json(ALICE);
    expect(await verdict(verifierOf(alone(credentials)), "t")).toBe("accepted");
    expect(asked[0]?.headers.authorization).toBe(authorization);
    expect(asked[0]?.body).toBe(`token=t&token_type_hint=access_token${form}`);
  });

  test.each<[string, () => unknown]>([
    [
      "throws",
      () => {
        throw new Error("no token");
      },
    ],
    ["rejects", () => Promise.reject(new Error("no token"))],
    ["gives what no header can hold", () => "a\r\nb"],
    ["gives nothing", () => undefined],
  ])("is 503 if the function for the token %s", async (_, bearerToken) => {
    behave = json(ALICE);
    const { attempt } = remoteLogins({ [LOGIN_TYPE]: alone({ bearerToken }) });
    expect(await attempt(OPAQUE)).toBe("503 introspection_unavailable");
    expect(asked).toEqual([]);
  });
});

describe("an introspection endpoint", () => {
  const HOSTILE: readonly (readonly [string, Behaviour, object?])[] = [
    ["that resets the connection", (req) => req.socket.destroy()],
    ["that hangs", () => undefined, { timeout: 0.2 }],
    [
      "that drips",
      (_, res) => {
        res.writeHead(200);
        const drip = setInterval(() => res.write(" "), 20);
        res.on("close", () => {
          clearInterval(drip);
        });
      },
      { timeout: 0.3 },
    ],
    ["that redirects", text("", 302, { Location: "/elsewhere" })],
    ["that redirects with an answer", text(JSON.stringify(ALICE), 307, { Location: "/elsewhere" })],
    ["that answers 201", json(ALICE, 201)],
    ["that answers 204", (_, res) => res.writeHead(204).end()],
    ["that answers 400", json({ error: "invalid_request" }, 400)],
    ["that refuses our client", json({ error: "invalid_client" }, 401)],
    ["that forbids our client", json({}, 403)],
    ["that is not there", text("Not Found", 404)],
    ["that limits us", text("", 429)],
    ["that fails", text("<h1>Oops</h1>", 500)],
    ["that answers HTML", text("<html></html>")],
    ["that answers nothing", text("")],
    ["that answers half", text('{"active":true')],
    ["that answers no UTF-8", (_, res) => res.writeHead(200).end(Buffer.from([0x22, 0xff, 0x22]))],
    ["that answers null", json(null)],
    ["that answers true", json(true)],
    ["that answers a list", json([ALICE])],
    ["that answers a JWT", text(token())],
    ["that does not say whether it is active", json({ sub: "alice" })],
    ["that says it in words", json({ ...ALICE, active: "true" })],
    ["that says it in numbers", json({ ...ALICE, active: 1 })],
    ["that answers too much", json({ ...ALICE, more: "x".repeat(70_000) })],
    [
      "that answers without end",
      (_, res) => {
        const flood = setInterval(() => res.write("x".repeat(10_000)), 1);
        res.on("close", () => {
          clearInterval(flood);
        });
      },
    ],
  ];

  test.each(HOSTILE)("%s is 503 with Retry-After, and never 403", async (_, hostile, settings = {}) => {
    behave = hostile;
    const { attempt, errors, logger } = remoteLogins({ [LOGIN_TYPE]: alone(settings) });
    expect(await attempt(OPAQUE)).toBe("503 introspection_unavailable");
    expect(await attempt(OPAQUE)).toBe("503 introspection_unavailable");
    expect(errors).toHaveLength(2);
    expect(errors[0]).toMatchObject({
      loginType: LOGIN_TYPE,
      source: "introspection",
      error: {
        name: "IntrospectionUnavailableError",
        code: "introspection_unavailable",
        retryAfter: expect.any(Number),
      },
    });
    expect(logger.warn).toHaveBeenCalledTimes(1);
    const line = String(logger.warn.mock.calls[0]?.[0]);
    expect(line).toMatch(
      new RegExp(
        `^matrix-jwt-login: ${LOGIN_TYPE} can't introspect tokens: no usable answer from http://127\\.0\\.0\\.1:\\d+/\\S*: .+; logins get 503 until this works again$`,
      ),
    );
    expect(line).not.toContain("\n");
    expect(JSON.stringify([errors, line])).not.toContain("opaque");

    behave = json(ALICE);
    expect(await attempt(OPAQUE)).toBe("200");
    expect(await attempt(OPAQUE)).toBe("200");
    expect(logger.info.mock.calls).toEqual([[`matrix-jwt-login: ${LOGIN_TYPE} can introspect tokens again`]]);
    behave = hostile;
    expect(await attempt(OPAQUE)).toBe("503 introspection_unavailable");
    expect(logger.warn).toHaveBeenCalledTimes(2);
  });

  test("that nobody serves is 503", async () => {
    const { attempt } = remoteLogins({ [LOGIN_TYPE]: alone({ endpoint: "http://127.0.0.1:1/introspect" }) });
    expect(await attempt(OPAQUE)).toBe("503 introspection_unavailable");
  });

  test("whose fetch throws what is no error is 503, and its URL's query stays out of the log", async () => {
    const fetch = () => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- as a host may
      throw "no error";
    };
    const { attempt, logger } = remoteLogins({ [LOGIN_TYPE]: alone({ endpoint: `${url}/i?key=hidden`, fetch }) });
    expect(await attempt(OPAQUE)).toBe("503 introspection_unavailable");
    expect(logger.warn.mock.calls[0]?.[0]).toContain(`no usable answer from ${url}/i: failed; logins get 503`);
    expect(JSON.stringify(logger.warn.mock.calls)).not.toContain("hidden");
  });

  test("is still down, whatever ready() finds, until it answers", async () => {
    const idp = await serveIdentityProvider();
    idp.discovery(answered(idp.document({ introspection_endpoint: `${url}/introspect` })));
    const options = alone({ endpoint: undefined, discover: true }, { issuer: idp.issuer });
    for (const login of [alone(), { ...options, introspection: { discover: true, timeout: 2 } }]) {
      behave = text("", 500);
      const { attempt, core, logger } = remoteLogins({ [LOGIN_TYPE]: login });
      for (let round = 0; round < 3; round += 1) {
        expect(await attempt(OPAQUE)).toBe("503 introspection_unavailable");
        await core.ready();
      }
      expect(logger.warn).toHaveBeenCalledTimes(1);
      expect(logger.info).not.toHaveBeenCalled();
      behave = json(ALICE);
      expect(await attempt(OPAQUE)).toBe("200");
      expect(logger.info).toHaveBeenCalledTimes(1);
    }
    await idp.close();
  });

  test("that the document does not name is told of with the document's URL, and is found once it does", async () => {
    const idp = await serveIdentityProvider();
    idp.discovery(answered(idp.document()));
    const options = { ...alone({}, { issuer: idp.issuer }), introspection: { discover: true, timeout: 2 } };
    const { attempt, logger } = remoteLogins({ [LOGIN_TYPE]: options });
    expect(await attempt(OPAQUE)).toBe("503 introspection_unavailable");
    expect(logger.warn.mock.calls[0]?.[0]).toContain(
      `no usable answer from ${idp.issuer}/.well-known/openid-configuration: introspection_endpoint must be`,
    );
    idp.discovery(answered(idp.document({ introspection_endpoint: `${url}/introspect` })));
    behave = json(ALICE);
    const clock = movableClock();
    // Longer than the pause between two fetches.
    clock.move(10);
    expect(await attempt(OPAQUE)).toBe("200");
    clock.restore();
    await idp.close();
  });

  test("that has moved is found as soon as the document may be asked again", async () => {
    const idp = await serveIdentityProvider();
    idp.discovery(answered(idp.document({ introspection_endpoint: `${url}/introspect` })));
    const options = { ...alone({}, { issuer: idp.issuer }), introspection: { discover: true, timeout: 2 } };
    const { attempt, logger } = remoteLogins({ [LOGIN_TYPE]: options });
    behave = json(ALICE);
    expect(await attempt(OPAQUE)).toBe("200");
    behave = text("", 404);
    idp.discovery(answered(idp.document({ introspection_endpoint: `${idp.url}/moved` })));
    idp.answer("/moved", answered(JSON.stringify(ALICE)));
    const clock = movableClock();
    clock.move(10);
    expect(await attempt(OPAQUE)).toBe("200");
    // The new one alone is asked from now on.
    asked = [];
    expect(await attempt(OPAQUE)).toBe("200");
    expect(asked).toEqual([]);
    expect(logger.warn).not.toHaveBeenCalled();
    clock.restore();
    await idp.close();
  });

  test("is one outage for all issuers of a list that ask it as one client", async () => {
    behave = text("", 404);
    const entry = (issuer: string) => alone({}, { issuer, secret: SECRET, algorithms: ["HS256"] });
    const issuers = ["https://one.example.org", "https://two.example.org"];
    const { attempt, logger } = remoteLogins({ [LOGIN_TYPE]: issuers.map(entry) }, { externalIds: false });
    for (const iss of issuers) expect(await attempt(token({ iss }))).toBe("503 introspection_unavailable");
    expect(logger.warn).toHaveBeenCalledTimes(1);
    behave = json({ active: true });
    for (const iss of issuers) expect(await attempt(token({ iss }))).toBe("200");
    expect(logger.info).toHaveBeenCalledTimes(1);
  });

  test.each<[string, object, object]>([
    ["clients", { clientId: "a", clientSecret: "wrong" }, { clientId: "b", clientSecret: "right" }],
    ["bearer tokens", { bearerToken: "wrong" }, { bearerToken: "right" }],
  ])("has an outage for each of several %s", async (_, wrong, right) => {
    let isDown = false;
    behave = (req, res, body) => {
      const isRight = [Buffer.from("b:right").toString("base64"), "right"].includes(
        String(req.headers.authorization).replace(/^\S+ /, ""),
      );
      if (!isRight) text("", 401)(req, res, body);
      else if (isDown) text("", 502)(req, res, body);
      else json({ active: true })(req, res, body);
    };
    const entry = (name: string, introspection: object) =>
      alone(introspection, { issuer: `https://${name}.example.org`, secret: SECRET, algorithms: ["HS256"] });
    const loginTypes = { [LOGIN_TYPE]: [entry("a", wrong), entry("b", right)] };
    const { attempt, logger } = remoteLogins(loginTypes, { externalIds: false });
    const ask = (name: string) => attempt(token({ iss: `https://${name}.example.org` }));
    const outcomes = [await ask("a"), await ask("b")];
    isDown = true;
    outcomes.push(await ask("b"));
    isDown = false;
    outcomes.push(await ask("b"), await ask("a"));
    const DOWN = "503 introspection_unavailable";
    expect(outcomes).toEqual([DOWN, "200", DOWN, "200", DOWN]);
    expect(logger.warn.mock.calls).toEqual([
      [expect.stringContaining("status 401; it does not take these credentials;")],
      [expect.stringContaining("status 502")],
    ]);
    expect(logger.info).toHaveBeenCalledTimes(1);
  });

  test("that fails is told of, though the document can't be asked for a newer one", async () => {
    const idp = await serveIdentityProvider();
    idp.discovery(answered(idp.document({ introspection_endpoint: `${url}/introspect` })));
    const { attempt, logger } = remoteLogins({
      [LOGIN_TYPE]: { issuer: idp.issuer, audience: null, introspection: { discover: true, timeout: 2 } },
    });
    behave = json(ALICE);
    expect(await attempt(OPAQUE)).toBe("200");
    behave = text("", 500);
    idp.discovery(answered("", 503));
    const clock = movableClock();
    clock.move(10);
    expect(await attempt(OPAQUE)).toBe("503 introspection_unavailable");
    expect(logger.warn.mock.calls).toEqual([[expect.stringContaining("/introspect: answered with status 500")]]);
    clock.restore();
    await idp.close();
  });

  test("that can't be found is no outage of its own beside the keys of the same document", async () => {
    const idp = await serveIdentityProvider();
    idp.discovery(answered("", 503));
    const options = { issuer: idp.issuer, audience: null, discover: true as const, introspection: { discover: true } };
    const { attempt, core, logger } = remoteLogins({ [LOGIN_TYPE]: options });
    await expect(core.ready()).rejects.toThrow();
    const made = token({ iss: idp.issuer }, { algorithm: "EdDSA", key: ED25519.privateKey });
    expect(await attempt(made)).toBe("503 keys_unavailable");
    expect(logger.warn.mock.calls).toEqual([[expect.stringContaining("answered with status 503")]]);
    await idp.close();
  });

  test("is found again once ready() finds it, if that was all that failed", async () => {
    const idp = await serveIdentityProvider();
    idp.discovery(answered("", 500));
    const options = { issuer: idp.issuer, audience: null, introspection: { discover: true } };
    const { core, logger } = remoteLogins({ [LOGIN_TYPE]: { ...options, discover: true, jwksOptions: QUICK } });
    await expect(core.ready()).rejects.toThrow();
    idp.discovery(answered(idp.document({ introspection_endpoint: `${url}/introspect` })));
    idp.answer("/jwks", keySet([jwk(ED25519, { kid: "a" })]));
    await core.ready();
    expect(logger.info.mock.calls).toContainEqual([`matrix-jwt-login: ${LOGIN_TYPE} can introspect tokens again`]);
    await idp.close();
  });

  const hostile = (message: string): Error =>
    Object.defineProperty(new Error("cannot send"), "message", {
      get: () => {
        throw new Error(message);
      },
    });
  const stale = (error: Error, message: string): Error => {
    // From now on it has the earlier one.
    expect(error.stack).not.toContain(message);
    error.message = message;
    return error;
  };
  test.each<[string, (body: string, headers: string) => unknown]>([
    ["token in its message", (body) => new Error(`cannot send ${body}`)],
    ["token in a message that came later", (body) => stale(new Error("cannot send"), `cannot send ${body}`)],
    ["token in its cause", (body) => new Error("cannot send", { cause: new Error(decodeURIComponent(body)) })],
    ["token in one of several", (body) => new AggregateError([new Error(body)], "cannot send")],
    [
      "token in the second of several",
      (body) => new AggregateError([new Error("one"), new Error(body)], "cannot send"),
    ],
    ["token in what it throws, which is no error", (body) => ({ request: body })],
    ["token in a cause that is no error", (body) => new Error("cannot send", { cause: body })],
    ["token as a URL has it", (body) => new Error(encodeURIComponent(String(new URLSearchParams(body).get("token"))))],
    ["token as it is", (body) => new Error(`cannot send ${String(new URLSearchParams(body).get("token"))}`)],
    [
      "request as a member of the error",
      (body, headers) => Object.assign(new Error("cannot send"), { config: { data: body, headers } }),
    ],
    ["client's secret", () => new Error("cannot send HUSH-hush")],
    ["token in a name", (body) => Object.assign(new Error(""), { name: body })],
    ["token in an error that can't be read", (body) => hostile(body)],
    [
      "token in what a parser says",
      (body) => {
        try {
          return JSON.parse(`x${body}`) as unknown;
        } catch (error) {
          return error;
        }
      },
    ],
    ["credentials", (_body, headers) => new Error(`cannot send ${headers}`)],
  ])("whose fetch quotes the %s, keeps it out of logs and events", async (_, errorWith) => {
    const fetch = (_url: string, { body, headers }: { body?: string; headers?: object }) =>
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- as a host may
      Promise.reject(errorWith(String(body), JSON.stringify(headers)));
    for (const clientAuthentication of ["client_secret_basic", "client_secret_post"]) {
      const client = { clientId: "matrix", clientSecret: "hush-hush", clientAuthentication };
      const { attempt, logger, errors } = remoteLogins({ [LOGIN_TYPE]: alone({ fetch, ...client }) });
      expect(await attempt(OPAQUE)).toBe("503 introspection_unavailable");
      const told = inspect([logger.warn.mock.calls, errors], { depth: null });
      expect(told).not.toMatch(/an-opaque|hush-hush|Basic [\w+/=]{8}/);
    }
  });

  test.each<[string, () => unknown, string]>([
    [
      "in its reader",
      () => {
        throw new Error("no token in a reader");
      },
      "no token in a reader",
    ],
    [
      "quoting it",
      () => {
        throw new Error(OPAQUE);
      },
      "not shown, as it quotes the request",
    ],
  ])("whose body fails, %s, is told of so", async (_, getReader, says) => {
    const answer = { status: 200, redirected: false, headers: new Headers(), body: { getReader } };
    const { attempt, logger, errors } = remoteLogins({ [LOGIN_TYPE]: alone({ fetch: () => Promise.resolve(answer) }) });
    expect(await attempt(OPAQUE)).toBe("503 introspection_unavailable");
    expect(logger.warn.mock.calls[0]?.[0]).toContain(says);
    expect(inspect(errors, { depth: null })).not.toContain(OPAQUE);
  });

  test.each([
    [new Error("getaddrinfo ENOTFOUND matrix.example.org"), "getaddrinfo ENOTFOUND matrix.example.org;"],
    [Object.assign(new Error(""), { name: "TimeoutError" }), ": TimeoutError;"],
  ])("whose fetch fails for another reason, tells it: %s", async (error, says) => {
    const fetch = () => Promise.reject(error);
    const client = { clientId: "matrix", clientSecret: "hush-hush" };
    const { attempt, logger } = remoteLogins({ [LOGIN_TYPE]: alone({ fetch, ...client }) });
    // Too short to hide anything.
    expect(await attempt("e")).toBe("503 introspection_unavailable");
    expect(logger.warn.mock.calls[0]?.[0]).toContain(says);
  });

  test("is asked at most 1,000 questions at a time", async () => {
    behave = () => undefined;
    let open = 0;
    const fetch = () => {
      open += 1;
      return new Promise<never>(() => undefined);
    };
    const { attempt, logger, errors } = remoteLogins({ [LOGIN_TYPE]: alone({ fetch, timeout: 1 }) });
    const all = Array.from({ length: 1_001 }, () => attempt(OPAQUE));
    expect(await Promise.race(all)).toBe("503 introspection_unavailable");
    expect(open).toBe(1_000);
    // A flood is no outage.
    expect([errors, logger.warn.mock.calls]).toEqual([[], []]);
    expect(new Set(await Promise.all(all))).toEqual(new Set(["503 introspection_unavailable"]));
    expect(await attempt(OPAQUE)).toBe("503 introspection_unavailable");
    expect(open).toBe(1_001);
  });

  test("is asked no more of all issuers in a list together", async () => {
    let open = 0;
    const fetch = () => {
      open += 1;
      return new Promise<never>(() => undefined);
    };
    const of = (issuer: string) => alone({ fetch, timeout: 0.5 }, { issuer, secret: SECRET });
    const issuers = ["https://one.example.org", "https://two.example.org"];
    const { attempt } = remoteLogins({ [LOGIN_TYPE]: issuers.map(of) }, { externalIds: false });
    const tokens = issuers.map((iss) => token({ iss }));
    const all = Array.from({ length: 1_100 }, (_, i) => attempt(tokens[i % 2] ?? ""));
    expect(new Set(await Promise.all(all))).toEqual(new Set(["503 introspection_unavailable"]));
    expect(open).toBe(1_000);
  });

  test("is asked any number of questions one after another, of which none is logged", async () => {
    const fetch = () => Promise.resolve(Response.json(ALICE));
    const logger = { debug: jest.fn(), info: jest.fn(), warn: jest.fn(), error: jest.fn() };
    const { verify } = createTokenVerifier(alone({ fetch }), { logger });
    for (let question = 1; question <= 1_001; question += 1) await verify(OPAQUE);
    expect(Object.values(logger).flatMap(({ mock }) => mock.calls)).toEqual([]);
  });

  test.each([null, true, [], [{ active: true }], "active", 1, {}, { active: "true" }])(
    "that answers %j is 503",
    async (answer) => {
      behave = json(answer);
      expect(await remoteLogins({ [LOGIN_TYPE]: alone() }).attempt(OPAQUE)).toBe("503 introspection_unavailable");
    },
  );

  test("fails a verifier by itself with an error of its own", async () => {
    jest.spyOn(console, "warn").mockReturnValue();
    behave = text("", 500);
    await expect(createTokenVerifier(alone()).verify(OPAQUE)).rejects.toBeInstanceOf(IntrospectionUnavailableError);
  });
});

describe("introspection beside a key source", () => {
  const beside = (more: object = {}) => ({ secret: SECRET, introspection: { endpoint: `${url}/introspect` }, ...more });

  test.each<[string, Claims, Claims, string]>([
    ["an active token", { client_id: "app" }, { client_id: "app", iss: null }, "200"],
    ["an answer that says nothing of the issuer", { iss: "a" }, { iss: null }, "200"],
    ["an answer that says no more", {}, {}, "200"],
    ["one that was revoked", {}, { active: false }, "403 inactive"],
    ["an answer about another subject", {}, { sub: "bob" }, "403 inactive"],
    ["an answer about another issuer", { iss: "a" }, { iss: "b" }, "403 inactive"],
    ["an answer about another client", { client_id: "a" }, { client_id: "b" }, "403 inactive"],
    ["an answer with another type of subject", {}, { sub: ["alice"] }, "403 inactive"],
    ["an answer about a refresh token", {}, { typ: "Refresh" }, "403 token_type"],
    ["an answer that tells of a certificate", {}, { cnf: { "x5t#S256": "abc" } }, "403 sender_constrained"],
    ["an answer that tells of a key", {}, { cnf: { jkt: "abc" } }, "403 sender_constrained"],
  ])("of %s", async (_, claims, answer, expected) => {
    behave = json({ active: true, ...answer });
    const { attempt } = remoteLogins({ [LOGIN_TYPE]: beside() });
    expect(await attempt(token(claims))).toBe(expected);
  });

  test("of an answer that tells of a key, if the options allow that", async () => {
    behave = json({ active: true, cnf: { jkt: "abc" } });
    const { attempt } = remoteLogins({ [LOGIN_TYPE]: beside({ allowSenderConstrained: true }) });
    expect(await attempt(token())).toBe("200");
  });

  test.each([
    ["forged", `${token().slice(0, -4)}AAAA`],
    ["expired", token({ exp: 1 })],
    ["opaque", OPAQUE],
  ])("asks about no %s token", async (_, text) => {
    behave = json(ALICE);
    expect(await remoteLogins({ [LOGIN_TYPE]: beside() }).attempt(text)).toMatch(/^403/);
    expect(asked).toEqual([]);
  });

  test("gives the host the token's claims, and the answer beside them", async () => {
    behave = json({ active: true, username: "alice", role: "x" });
    const authorize = jest.fn((...given: unknown[]) => given.length === 3);
    const options = beside({ authorize, subjectClaim: (_: Claims, answer?: Claims) => answer?.["username"] });
    expect(await remoteLogins({ [LOGIN_TYPE]: options }).attempt(token({ sub: "x" }))).toBe("200");
    expect(authorize.mock.calls[0]).toMatchObject([{ sub: "x" }, { type: LOGIN_TYPE }, { role: "x" }]);
  });

  test("is ready when both are", async () => {
    await expect(createTokenVerifier(beside()).ready()).resolves.toBeUndefined();
    expect(asked).toEqual([]);
  });
});

describe("introspection by discovery", () => {
  const discovered = (more: object = {}): AnyOptions & LoginTypeOptions => ({
    issuer: url,
    audience: null,
    introspection: { discover: true, timeout: 2 },
    ...more,
  });
  const provider =
    (document: object, answer: Claims = ALICE): Behaviour =>
    (req, res, body) => {
      json(req.url === "/.well-known/openid-configuration" ? document : answer)(req, res, body);
    };

  test("asks where the issuer's document says, and takes an answer without issuer for its own", async () => {
    behave = provider({ issuer: url, introspection_endpoint: `${url}/there` });
    const verifier = createTokenVerifier(discovered());
    await verifier.ready();
    expect(asked.map((each) => each.url)).toEqual(["/.well-known/openid-configuration"]);
    expect(await verifier.verify(OPAQUE)).toEqual({ ...ALICE, iss: url });
    expect(asked.map((each) => each.url)).toEqual(["/.well-known/openid-configuration", "/there"]);
    behave = provider({}, { ...ALICE, iss: "https://id.example.org" });
    expect(await verdict(verifier, OPAQUE)).toBe("issuer");
  });

  test.each<[string, object]>([
    ["names no endpoint", { issuer: "" }],
    ["names another issuer", { issuer: "https://id.example.org", introspection_endpoint: "https://id.example.org/i" }],
    ["names an endpoint without encryption", { introspection_endpoint: "http://id.example.org/i" }],
  ])("is 503 if the document %s", async (_, document) => {
    behave = provider({ ...document, issuer: "issuer" in document && document.issuer !== "" ? document.issuer : url });
    const { attempt, errors } = remoteLogins({ [LOGIN_TYPE]: discovered() });
    expect(await attempt(OPAQUE)).toBe("503 introspection_unavailable");
    expect(errors).toMatchObject([{ source: "introspection" }]);
  });
});

test.each<[string, object, string, RegExp]>([
  ["no endpoint", { audience: null, introspection: {} }, "introspection.endpoint", /is required, or discover: true/],
  [
    "both",
    { audience: null, issuer: "https://a.org", introspection: { endpoint: "https://a.org/i", discover: true } },
    "introspection.endpoint",
    /exactly one/,
  ],
  ["discover without issuer", { audience: null, introspection: { discover: true } }, "issuer", /is required/],
  [
    "discover with two issuers",
    { audience: null, issuer: ["https://a.org", "https://b.org"], introspection: { discover: true } },
    "issuer",
    /one issuer/,
  ],
  ["no URL", { audience: null, introspection: { endpoint: "there" } }, "introspection.endpoint", /must be a URL/],
  [
    "no encryption",
    { audience: null, introspection: { endpoint: "http://id.example.org/i" } },
    "introspection.endpoint",
    /must be an https: URL/,
  ],
  [
    "no audience",
    { introspection: { endpoint: "https://a.org/i" } },
    "audience",
    /is required with introspection alone/,
  ],
  [
    "algorithms",
    { audience: null, algorithms: ["RS256"], introspection: { endpoint: "https://a.org/i" } },
    "algorithms",
    /goes with a key source only/,
  ],
  [
    "a token type",
    { audience: null, tokenType: "JWT", introspection: { endpoint: "https://a.org/i" } },
    "tokenType",
    /goes with a key source only/,
  ],
  [
    "jwksOptions",
    { audience: null, jwksOptions: {}, introspection: { endpoint: "https://a.org/i" } },
    "jwksOptions",
    /goes with a key source only/,
  ],
  [
    "decryption",
    { audience: null, decryption: { key: SECRET }, introspection: { endpoint: "https://a.org/i" } },
    "decryption.key",
    /private key/,
  ],
  [
    "an unknown option",
    { audience: null, introspection: { url: "https://a.org/i" } },
    "introspection.url",
    /not an option/,
  ],
  [
    "a secret that is undefined",
    { audience: null, introspection: { endpoint: "https://a.org/i", clientSecret: undefined } },
    "introspection.clientSecret",
    /is undefined/,
  ],
  [
    "no secret",
    { audience: null, introspection: { endpoint: "https://a.org/i", clientId: "a" } },
    "introspection.clientSecret",
    /is required with clientId/,
  ],
  [
    "no client",
    { audience: null, introspection: { endpoint: "https://a.org/i", clientSecret: "a" } },
    "introspection.clientId",
    /is required with clientSecret/,
  ],
  [
    "two credentials",
    { audience: null, introspection: { endpoint: "https://a.org/i", clientId: "a", bearerToken: "b" } },
    "introspection.clientId",
    /cannot be combined with bearerToken/,
  ],
  [
    "a method without credentials",
    { audience: null, introspection: { endpoint: "https://a.org/i", clientAuthentication: "client_secret_post" } },
    "introspection.clientAuthentication",
    /goes with clientId/,
  ],
  [
    "an unknown method",
    { audience: null, introspection: { endpoint: "https://a.org/i", clientAuthentication: "private_key_jwt" } },
    "introspection.clientAuthentication",
    /must be one of/,
  ],
  [
    "a token that no header can hold",
    { audience: null, introspection: { endpoint: "https://a.org/i", bearerToken: "a b" } },
    "introspection.bearerToken",
    /visible ASCII/,
  ],
])("introspection with %s is an options error", (_, options, path, problem) => {
  expectOptionsError(() => verifierOf(options), path, problem);
});

test("an endpoint without encryption is taken if that is said", () => {
  const discovered = { introspection: { discover: true }, issuer: "http://id.example.org", audience: null };
  expectOptionsError(() => verifierOf(discovered), "issuer", /or with introspection\.allowHttp\)/);
  const introspection = { endpoint: new URL("http://id.example.org/i"), allowHttp: true };
  expect(() => verifierOf({ audience: null, introspection })).not.toThrow();
});
