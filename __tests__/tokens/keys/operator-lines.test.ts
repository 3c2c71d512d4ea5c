import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { createJwtLogin, type Fetch, type JwtLogin } from "matrix-jwt-login";

import { movableClock, type Clock } from "../../helpers/clock.js";
import { core, recordingLogger, rejection, submission, type RecordingLogger } from "../../helpers/core.js";
import { serveIdentityProvider, type IdentityProvider } from "../../helpers/identity-provider.js";
import { keySet, serveJwks, text, type JwksServer } from "../../helpers/jwks-server.js";
import { ED25519, jwk, P256, RSA } from "../../helpers/keys.js";
import { LOGIN_TYPE, optionsWith } from "../../helpers/login.js";
import { QUICK } from "../../helpers/remote-login.js";
import { token, type TokenParts } from "../../helpers/tokens.js";
import { until } from "../../helpers/until.js";

const RS256: TokenParts = { algorithm: "RS256", header: { kid: "rsa" } };
const jwksOptions = { ...QUICK, cooldown: 0 };

let server: JwksServer;
let idp: IdentityProvider;
let clock: Clock;
let logger: RecordingLogger;

beforeEach(async () => {
  server = await serveJwks();
  idp = await serveIdentityProvider();
  clock = movableClock();
  logger = recordingLogger();
});

afterEach(async () => {
  clock.restore();
  await server.close();
  await idp.close();
});

const loginBy = (options: object): JwtLogin => core({ secret: undefined, jwksOptions, ...options }, { logger });

const attempt = (login: JwtLogin, parts: TokenParts = RS256, claims: object = {}): Promise<unknown> =>
  login.login(submission({}, { token: token({ ...claims }, parts) })).catch((error: unknown) => error);

/** What the logger was told; each of it a line. */
function lines(level?: string): readonly string[] {
  const told = logger.lines.filter((line) => level === undefined || line.level === level);
  for (const { message } of told) {
    expect(message).toEqual(expect.any(String));
    expect(message).not.toMatch(/[\r\n]/);
  }
  return told.map(({ message }) => message as string);
}

describe("an outage is one line for the operator, with the URL and the root cause:", () => {
  test.each<[string, Fetch, RegExp]>([
    [
      "a name that nobody knows",
      () =>
        Promise.reject(
          new TypeError("fetch failed", {
            cause: Object.assign(new Error("getaddrinfo ENOTFOUND idp.example.org"), { code: "ENOTFOUND" }),
          }),
        ),
      /from https:\/\/idp\.example\.org\/jwks: getaddrinfo ENOTFOUND idp\.example\.org;/,
    ],
    [
      "a connection that was refused at each address",
      () =>
        Promise.reject(
          new TypeError("fetch failed", {
            cause: Object.assign(
              new AggregateError([new Error("connect ECONNREFUSED ::1:443"), new Error("other")], ""),
              {
                code: "ECONNREFUSED",
              },
            ),
          }),
        ),
      /\/jwks: connect ECONNREFUSED ::1:443;/,
    ],
    [
      "an error that has a code and no message",
      () => Promise.reject(Object.assign(new Error(""), { code: "ECONNRESET" })),
      /\/jwks: ECONNRESET;/,
    ],
    [
      "an error whose code says more",
      () => Promise.reject(Object.assign(new Error("unable to verify"), { code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" })),
      /\/jwks: unable to verify UNABLE_TO_VERIFY_LEAF_SIGNATURE;/,
    ],
    [
      "an error that is its own cause",
      () => {
        const error = new Error("round and round");
        error.cause = error;
        return Promise.reject(error);
      },
      /\/jwks: round and round;/,
    ],
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
    ["no error at all", () => Promise.reject("a string"), /\/jwks: failed;/],
    [
      "one that can't be read",

      () =>
        Promise.reject(
          Object.defineProperty(new Error(), "message", {
            get: () => {
              throw new Error("no");
            },
          }),
        ),
      /\/jwks: failed;/,
    ],
    [
      "a name alone",
      () => Promise.reject(Object.assign(new Error(""), { name: "TimeoutError" })),
      /\/jwks: TimeoutError;/,
    ],
    ["several lines", () => Promise.reject(new Error("one\nother\u2028third")), /\/jwks: one other third;/],
    ["a long text", () => Promise.reject(new Error("x".repeat(100_000))), /\/jwks: x{4000}\.\.\.;/],
    [
      "a URL with a secret in it",
      (url) => Promise.reject(new Error(`can't fetch ${url}`)),
      /\/jwks: can't fetch https:\/\/idp\.example\.org\/jwks;/,
    ],
    [
      "a URL with credentials",
      () =>
        Promise.reject(
          new Error("bad URL https://matrix:top/secret@host/ or http://a:topsecret@x@idp.example.org/jwks."),
        ),
      /\/jwks: bad URL https:\/\/matrix:top\/secret@host\/ or http:\/\/idp\.example\.org\/jwks\.;/,
    ],
    [
      "what OpenSSL says of an answer without TLS",
      () =>
        Promise.reject(
          Object.assign(
            new Error("80FA:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../ssl3_record.c:350:\n"),
            { code: "ERR_SSL_WRONG_VERSION_NUMBER" },
          ),
        ),
      /\/jwks: that port does not speak https \(wrong version number\) ERR_SSL_WRONG_VERSION_NUMBER;/,
    ],
    [
      "what OpenSSL says of anything else",
      () =>
        Promise.reject(new Error("80FA:error:0A000438:SSL routines:ssl3_read_bytes:tlsv1 alert internal error:a.c:1:")),
      /\/jwks: tlsv1 alert internal error;/,
    ],
    ["a status", () => Promise.resolve(new Response("", { status: 404 })), /\/jwks: answered with status 404;/],
  ])("%s", async (_, fetch, cause) => {
    const login = loginBy({
      jwksUri: "https://idp.example.org/jwks?key=topsecret#fragment",
      jwksOptions: { ...jwksOptions, fetch },
    });
    await attempt(login);
    await attempt(login);
    expect(lines()).toEqual([expect.stringMatching(cause)]);
    expect(lines()[0]).toMatch(new RegExp(`^matrix-jwt-login: no new keys for ${LOGIN_TYPE}: `));
    expect(lines()[0]).toMatch(/; logins get 503 until this works again$/);
    expect(lines()[0]).not.toMatch(/topsecret|fragment|\bat /);
  });
});

describe("the line of an outage says what happens meanwhile:", () => {
  test("until when the kept keys serve", async () => {
    server.answer(keySet([jwk(RSA, { kid: "rsa" })]));
    const login = loginBy({ jwksUri: server.url });
    clock.stopAt(1_800_000_000);
    const made = token({ exp: 1_900_000_000 }, RS256);
    await login.login(submission({}, { token: made }));
    server.answer(text("down", 500));
    clock.move(QUICK.cacheMaxAge + 1);
    await login.login(submission({}, { token: made }));
    await until(() => logger.lines.length === 1);
    const end = new Date((1_800_000_000 + QUICK.staleIfError) * 1_000).toISOString();
    expect(lines("warn")[0]).toMatch(new RegExp(`what was fetched before serves until ${end}$`));

    server.answer(keySet([jwk(RSA, { kid: "rsa" })]));
    await login.login(submission({}, { token: made }));
    await until(() => logger.lines.length === 2);
    expect(lines("info")).toEqual([`matrix-jwt-login: keys for ${LOGIN_TYPE} are available again`]);
  });

  test("that they serve on, if they do so for longer than there are dates", async () => {
    server.answer(keySet([jwk(RSA, { kid: "rsa" })]));
    const login = loginBy({
      jwksUri: server.url,
      jwksOptions: { ...jwksOptions, staleIfError: Number.MAX_SAFE_INTEGER },
    });
    await attempt(login);
    server.answer(text("down", 500));
    await attempt(login, { algorithm: "RS256", header: { kid: "other" } });
    expect(lines("warn")[0]).toMatch(/; what was fetched before serves on$/);
  });

  test("that a broken file's last key stays in use, and why it is broken", async () => {
    const directory = mkdtempSync(join(tmpdir(), "matrix-jwt-login-"));
    const keyFile = join(directory, "jwks.json");
    writeFileSync(keyFile, JSON.stringify({ keys: [jwk(RSA, { kid: "rsa" })] }));
    const login = loginBy({ keyFile, jwksOptions: undefined });
    writeFileSync(keyFile, "{");
    clock.move(5);
    await attempt(login);
    await until(() => logger.lines.length === 1);
    expect(lines()[0]).toMatch(
      /keyFile can't be read any more; its last good key stays in use: .*neither PEM nor JSON$/,
    );
    rmSync(directory, { recursive: true });
  });
});

test("a URL with another in its query is told without its query", async () => {
  const jwksUri = "https://idp.example.org/jwks?tenant=https://svc@corp.example&api_key=topsecret";
  const fetch: Fetch = (url) => Promise.reject(new Error(`can't fetch ${url}`));
  await attempt(loginBy({ jwksUri, jwksOptions: { ...jwksOptions, fetch } }));
  expect(lines()).toEqual([expect.stringContaining("/jwks: can't fetch https://idp.example.org/jwks;")]);
});

test("each endpoint of a list of issuers has outages of its own", async () => {
  const other = await serveJwks();
  const entry = (name: string, jwksUri: string) => ({ issuer: `https://${name}.example.org`, jwksUri, audience: null });
  const [one, two] = [entry("one", server.url), entry("two", other.url)];
  const login = createJwtLogin({
    ...optionsWith(),
    externalIds: false,
    logger,
    loginTypes: { [LOGIN_TYPE]: [one, two].map((options) => ({ ...options, jwksOptions })) },
  });
  const down = (endpoint: JwksServer, says: string) =>
    expect.stringMatching(`from ${endpoint.url}: answered with status ${says}; logins get 503`);
  const again = `matrix-jwt-login: keys for ${LOGIN_TYPE} are available again`;

  server.answer(text("", 500));
  other.answer(text("", 404));
  for (const { issuer } of [one, two, one, two]) await attempt(login, RS256, { iss: issuer });
  expect(lines()).toEqual([down(server, "500"), down(other, "404")]);

  other.answer(keySet([jwk(RSA, { kid: "rsa" })]));
  for (const { issuer } of [one, two]) await attempt(login, RS256, { iss: issuer });
  expect(lines()).toEqual([down(server, "500"), down(other, "404"), again]);

  server.answer(keySet([jwk(RSA, { kid: "rsa" })]));
  for (const { issuer } of [one, two]) await attempt(login, RS256, { iss: issuer });
  expect(lines()).toEqual([down(server, "500"), down(other, "404"), again, again]);
  await other.close();
});

test("an outage of one endpoint of a list explains nothing about the keys of another", async () => {
  const other = await serveJwks();
  const entry = (name: string, jwksUri: string) => ({
    ...{ issuer: `https://${name}.example.org`, jwksUri, audience: null, jwksOptions },
  });
  const [one, two] = [entry("one", server.url), entry("two", other.url)];
  const loginTypes = { [LOGIN_TYPE]: [one, two] };
  const login = createJwtLogin({ ...optionsWith(), externalIds: false, logger, loginTypes });
  server.answer(text("", 500));
  other.answer(keySet([jwk(RSA, { kid: "rsa" })]));
  await attempt(login, RS256, { iss: one.issuer });
  await attempt(login, { ...RS256, header: { kid: "unknown" } }, { iss: two.issuer });
  expect(lines("warn")).toEqual([
    expect.stringContaining("answered with status 500"),
    expect.stringContaining('no key for a token with alg RS256 and kid "unknown"'),
  ]);
  await other.close();
});

test("the end of an outage is told of though the document is not due, and so is the next one", async () => {
  const keys = keySet([jwk(RSA, { kid: "rsa" })]);
  idp.answer("/jwks", keys);
  const login = loginBy({ discover: true, issuer: idp.issuer });
  const ask = (kid: string) => attempt(login, { ...RS256, header: { kid } }, { iss: idp.issuer });
  await ask("rsa");
  for (let outage = 1; outage <= 2; outage += 1) {
    idp.discovery(text("", 500));
    idp.answer("/jwks", text("", 500));
    await ask("new");
    expect(lines("warn").filter((line) => line.includes("no new keys"))).toHaveLength(outage);
    idp.discovery(text(idp.document()));
    idp.answer("/jwks", keys);
    await ask("new");
    await until(() => lines("info").length === outage);
  }
});

describe("discovery that fails names issuer and URL", () => {
  const claims = () => ({ iss: idp.issuer });

  test.each<[string, () => unknown, () => string]>([
    [
      "with the issuer that the document names",
      () => "https://login.example.org/{tenantid}/v2.0",
      () => `it names the issuer "https://login.example.org/{tenantid}/v2.0" where "${idp.issuer}" is configured;`,
    ],
    [
      "with a hint where the slash at the end is all",
      () => `${idp.issuer}/`,
      () => `it names the issuer "${idp.issuer}/" where "${idp.issuer}" is configured: the slash at the end counts;`,
    ],
    ["with none", () => undefined, () => `it names the issuer nowhere where "${idp.issuer}" is configured;`],
    ["with a long one", () => "x".repeat(500), () => `issuer "${"x".repeat(200)}..." where "${idp.issuer}" is`],
    ["with what is no text", () => ["a"], () => `issuer "object" where "${idp.issuer}" is configured;`],
    ["with two lines", () => "a\nb", () => `issuer "a\\nb" where "${idp.issuer}" is configured;`],
  ])("%s", async (_, named, said) => {
    idp.discovery(text(idp.document({ issuer: named() })));
    const login = loginBy({ discover: true, issuer: idp.issuer });
    await attempt(login, RS256, claims());
    expect(lines()).toEqual([expect.stringContaining(said())]);
    const from = `the discovery document of ${idp.issuer} from ${idp.issuer}/.well-known/openid-configuration: `;
    expect(lines()[0]).toContain(`cannot fetch ${from}`);
  });

  test("with its status", async () => {
    idp.discovery(text("", 404));
    await attempt(loginBy({ discover: true, issuer: idp.issuer }), RS256, claims());
    expect(lines()).toEqual([
      expect.stringContaining(
        `${idp.issuer}/.well-known/openid-configuration: answered with status 404; logins get 503`,
      ),
    ]);
  });

  test("if it hangs too, and onKeysError is told once", async () => {
    const errors: unknown[] = [];
    idp.discovery(() => undefined);
    const login = core(
      { secret: undefined, issuer: idp.issuer, discover: true, jwksOptions: { ...jwksOptions, timeout: 1 } },
      { logger, onKeysError: (event) => errors.push(event) },
    );
    await attempt(login, RS256, claims());
    expect(lines()).toEqual([
      expect.stringMatching(
        /cannot fetch the discovery document of \S+ from \S+\/openid-configuration: no complete answer within 0\.9 s;/,
      ),
    ]);
    expect(errors).toHaveLength(1);
  });

  test.each<[string, Readonly<Record<string, unknown>>, string]>([
    ["no URL of keys", { jwks_uri: undefined }, "jwks_uri must be a string, not undefined"],
    ["one that may not be asked", { jwks_uri: "http://idp.example.org/jwks" }, "jwks_uri must be an https: URL"],
  ])("with its own URL if it names %s", async (_, members, said) => {
    idp.discovery(text(idp.document(members)));
    await attempt(loginBy({ discover: true, issuer: idp.issuer }), RS256, claims());
    const from = `${idp.issuer}/.well-known/openid-configuration`;
    expect(lines()).toEqual([expect.stringContaining(`cannot fetch the JWK Set from ${from}: ${said}`)]);
  });

  test("with the URL of the keys that it leads to", async () => {
    idp.answer("/jwks", text("", 403));
    await attempt(loginBy({ discover: true, issuer: idp.issuer }), RS256, claims());
    expect(lines()).toEqual([expect.stringContaining(`the JWK Set from ${idp.url}/jwks: answered with status 403;`)]);
  });
});

describe("the operator, and never the client, is told which keys there are and why they were passed over", () => {
  const SET = [
    jwk(RSA, { kid: "rsa", use: "sig", alg: "RS256" }),
    jwk(P256, { kid: "ec" }),
    { ...jwk(RSA), kid: "enc", use: "enc" },
    { ...jwk(ED25519), kid: "half", x: "short" },
    { kty: "oct", kid: "shared", k: "dG9wc2VjcmV0" },
    { ...jwk(P256), kid: "off", x: jwk(P256)["y"] },
    null,
  ];

  test("if no key of a set is usable", async () => {
    server.answer(keySet(SET.slice(2)));
    const login = loginBy({ jwksUri: server.url });
    expect(JSON.stringify(await attempt(login))).not.toMatch(/enc|half|"off"/);
    const [line] = lines("warn");
    expect(line).toContain('(kid "enc", kty "RSA", use "enc"): its "use" is not "sig"');
    expect(line).toContain('(kid "half", kty "OKP", crv "Ed25519"): its coordinates are not of the curve\'s length');
    expect(line).toContain('(kid "shared", kty "oct"): a private or secret key');
    expect(line).toContain('(kid "off", kty "EC", crv "P-256"): damaged');
    expect(line).toContain("(a member that is no key): not an object");
    expect(line).not.toMatch(/dG9wc2VjcmV0/);
    expect(lines().length).toBe(1);
  });

  test("if a set has no keys", async () => {
    server.answer(keySet([]));
    await attempt(loginBy({ jwksUri: server.url }));
    expect(lines("warn")[0]).toContain("no usable key; it has no keys;");
  });

  test("if a set has more keys than fit a line", async () => {
    server.answer(keySet(Array.from({ length: 30 }, (_, index) => ({ kid: `key ${String(index)}` }))));
    await attempt(loginBy({ jwksUri: server.url }));
    expect(lines("warn")[0]).toMatch(/"key 19"\).*; 10 more; logins get 503/);
    expect(lines("warn")[0]).not.toContain("key 20");
  });

  const SOURCES: readonly (readonly [string, () => object])[] = [
    ["an endpoint", () => ({ jwksUri: server.url })],
    ["a set given inline", () => ({ jwks: { keys: SET }, jwksOptions: undefined })],
  ];

  test.each(SOURCES)("if a kid is unknown, of %s", async (_, options) => {
    server.answer(keySet(SET));
    const login = loginBy(options());
    const refused = await attempt(login, { algorithm: "RS256", header: { kid: 'an "other"\n' } });
    expect(refused).toMatchObject({
      statusCode: 403,
      message: "JWT validation failed: token key not known (kid, alg)",
    });
    expect(lines("warn").length).toBe(1);
    const [line] = lines("warn");
    expect(line).toContain(
      `${LOGIN_TYPE}: no key for a token with alg RS256 and kid "an \\"other\\"\\n"; its keys are `,
    );
    expect(line).toContain('(kid "rsa", kty "RSA", alg "RS256", use "sig"): another kid; ');
    expect(line).toContain('(kid "ec", kty "EC", crv "P-256"): another kid; ');
    expect(line).toContain('(kid "enc", kty "RSA", use "enc"): its "use" is not "sig"; ');
  });

  test.each(SOURCES)("if the kid's key does not fit, of %s", async (_, options) => {
    server.answer(keySet(SET));
    await attempt(loginBy(options()), { algorithm: "ES256", header: { kid: "rsa" } });
    expect(lines("warn")[0]).toContain('(kid "rsa", kty "RSA", alg "RS256", use "sig"): not for ES256; ');
  });

  test("if there is no kid and nothing fits", async () => {
    server.answer(keySet(SET));
    await attempt(loginBy({ jwksUri: server.url }), { algorithm: "ES384" });
    expect(lines("warn")[0]).toMatch(/alg ES384 and no kid; its keys are \(kid "rsa"[^)]*\): not for ES384; /);
  });

  test("and not more often than ten times a minute", async () => {
    server.answer(keySet(SET));
    clock.stopAt(1_800_000_000);
    const login = loginBy({ jwks: { keys: SET }, jwksOptions: undefined });
    const unknown = () => attempt(login, { algorithm: "RS256", header: { kid: "unknown" } }, { exp: 1_900_000_000 });
    for (let count = 0; count < 15; count += 1) await unknown();
    expect(lines("warn").length).toBe(10);
    clock.move(60);
    await unknown();
    expect(lines("warn").length).toBe(11);
  });

  test("but for what an outage explains", async () => {
    server.answer(keySet(SET));
    const login = loginBy({ jwksUri: server.url });
    await attempt(login);
    server.answer(text("", 500));
    expect(
      await rejection(login.login(submission({}, { token: token({}, { ...RS256, header: { kid: "new" } }) }))),
    ).toMatchObject({
      statusCode: 503,
    });
    await attempt(login, { algorithm: "ES256", header: { kid: "rsa" } });
    expect(lines().length).toBe(1);
  });

  test("and of options that can't be right, their maker", () => {
    expect(() => loginBy({ jwks: { keys: SET.slice(2) }, jwksOptions: undefined })).toThrow(
      /has no key that can verify a signature; its keys are \(kid "enc".*: its "use" is not "sig"; .*: damaged/,
    );
  });

  test("if keys have no names, nothing is said", async () => {
    const login = core({ secret: "a secret that is longer than thirty-two bytes" }, { logger });
    await attempt(login, { algorithm: "HS256" });
    expect(lines()).toEqual([]);
  });
});
