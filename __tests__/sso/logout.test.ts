import { describe, expect, jest, test } from "@jest/globals";
import express, { type RequestHandler } from "express";

import { movableClock } from "../helpers/clock.js";
import { recordingLogger } from "../helpers/core.js";
import { inSeconds } from "../helpers/tokens.js";
import type { SsoLogout } from "matrix-jwt-login";

import { ssoHost } from "./helpers/host.js";
import { CLIENT, SERVER_FAULTS } from "./helpers/provider.js";

const PATH = "/_matrix/client/unstable/org.matrix-jwt-login/sso/logout";
const EVENT = "http://schemas.openid.net/event/backchannel-logout";

async function host(given: Parameters<typeof ssoHost>[0] = {}) {
  const endSessions = jest.fn<(logout: SsoLogout) => void | Promise<void>>();
  const made = await ssoHost({ ...given, sso: { ...given.sso, backchannelLogout: { path: PATH, endSessions } } });
  const post = async (body: string | URLSearchParams, headers: Record<string, string> = {}) => {
    const response = await fetch(made.url + PATH, { method: "POST", body, headers });
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  const logOut = (token: string) => post(new URLSearchParams({ logout_token: token }));
  return { ...made, endSessions, post, logOut };
}

describe("a logout token", () => {
  test("ends the sessions that it names", async () => {
    const { logOut, provider, endSessions } = await host();
    const answer = await logOut(provider.logoutToken());
    expect(answer).toMatchObject({ status: 200, text: "" });
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(endSessions.mock.calls).toEqual([
      [{ provider: "example", issuer: provider.issuer, subject: "alice", sessionId: "session-1" }],
    ]);
  });

  test("of a client that two providers share ends the sessions of both, once", async () => {
    const { logOut, provider, endSessions } = await host({
      providers: (main) => ({
        one: { ...main, authorizationParameters: { hint: "one" } },
        two: main,
        other: { ...main, clientId: "another" },
      }),
      options: { externalIds: false },
    });
    const token = provider.logoutToken();
    for (let i = 0; i < 2; i += 1) expect((await logOut(token)).status).toBe(200);
    expect(endSessions.mock.calls.map(([logout]) => logout.provider)).toEqual(["one", "two"]);
  });

  test.each([
    ["first", (main: object) => ({ refuses: { ...main, algorithms: ["ES256"] }, good: main })],
    ["last", (main: object) => ({ good: main, refuses: { ...main, algorithms: ["ES256"] } })],
  ])("that one of them refuses, the %s, is 503 while the other can't end its sessions", async (_, providers) => {
    const { logOut, provider, endSessions } = await host({
      providers: providers as never,
      options: { externalIds: false },
    });
    const token = provider.logoutToken();
    endSessions.mockImplementationOnce(() => Promise.reject(new Error("down")));
    expect([(await logOut(token)).status, (await logOut(token)).status]).toEqual([503, 200]);
    expect((await logOut(provider.logoutToken({ aud: "other" }))).status).toBe(400);
  });

  test("of such a client is asked for again until it is done at each, and is judged by the rules of each", async () => {
    const { logOut, provider, endSessions } = await host({
      providers: (main) => ({
        one: main,
        two: main,
        short: { ...main, maxTokenLength: 100 },
        other: { ...main, algorithms: ["ES256"] },
      }),
      options: { externalIds: false },
    });
    const failing = new Set(["one", "two"]);
    endSessions.mockImplementation(({ provider: id }) =>
      failing.has(id) ? Promise.reject(new Error("down")) : undefined,
    );
    const token = provider.logoutToken();
    expect((await logOut(token)).status).toBe(503);
    failing.delete("one");
    expect((await logOut(token)).status).toBe(503);
    failing.clear();
    expect((await logOut(token)).status).toBe(200);
    expect(endSessions.mock.calls.map(([logout]) => logout.provider)).toEqual(["one", "two", "one", "two", "two"]);
  });

  test.each([
    ["a subject alone", { sid: undefined }, {}, { subject: "alice" }],
    ["a session alone", { sub: undefined }, {}, { sessionId: "session-1" }],
    ["the type JWT", {}, { header: { typ: "JWT" } }, {}],
    ["no type", {}, { header: { typ: undefined } }, {}],
    ["a whole media type", {}, { header: { typ: "application/Logout+JWT" } }, {}],
    ["a second event", { events: { [EVENT]: { x: 1 }, "https://other.example/event": {} } }, {}, {}],
    ["several audiences", { aud: ["other", CLIENT.id] }, {}, {}],
    ["an end within the tolerance", { exp: inSeconds(-30) }, {}, {}],
  ])("with %s is accepted", async (_, claims, parts, logout) => {
    const { logOut, provider, endSessions } = await host();
    expect((await logOut(provider.logoutToken(claims, parts))).status).toBe(200);
    expect(endSessions.mock.calls[0]?.[0]).toMatchObject(logout);
    // What a token does not name is left out.
    expect(Object.values({ ...endSessions.mock.calls[0]?.[0] })).not.toContain(undefined);
  });

  test.each([
    ["another issuer", { iss: "https://evil.example" }, {}, /iss, aud/],
    ["another audience", { aud: "other" }, {}, /iss, aud/],
    ["no audience", { aud: undefined }, {}, /iss, aud/],
    ["audiences that are no strings", { aud: [CLIENT.id, 1] }, {}, /aud/],
    ["an end that has passed", { exp: inSeconds(-120) }, {}, /expired/],
    ["no end", { exp: undefined }, {}, /exp/],
    ["an end more than a week ahead", { exp: inSeconds(8 * 86_400) }, {}, /exp/],
    ["no time of issue", { iat: undefined }, {}, /iat/],
    ["a time of issue to come", { iat: inSeconds(300) }, {}, /iat/],
    ["the type of an access token", {}, { header: { typ: "at+jwt" } }, /typ/],
    ["a type that is no string", {}, { header: { typ: 1 } }, /typ/],
    ["no events", { events: undefined }, {}, /events/],
    ["events that are a list", { events: [EVENT] }, {}, /events/],
    ["events that are null", { events: null }, {}, /events/],
    ["another event", { events: { "https://other.example/event": {} } }, {}, /events/],
    ["an event that is no object", { events: { [EVENT]: true } }, {}, /events/],
    ["an inherited event", { events: JSON.parse(`{"__proto__":{"${EVENT}":{}}}`) as object }, {}, /events/],
    ["a nonce", { nonce: "x" }, {}, /nonce/],
    ["no ID", { jti: undefined }, {}, /jti/],
    ["an empty ID", { jti: "" }, {}, /jti/],
    ["neither subject nor session", { sub: undefined, sid: undefined }, {}, /names no session/],
    ["an empty subject", { sub: "" }, {}, /no usable subject/],
    ["a session that is no string", { sid: 1 }, {}, /no usable subject/],
    ["a key that is not known", {}, { header: { kid: "other" } }, /key not known/],
    ["a critical extension", {}, { header: { crit: ["x"], x: 1 } }, /crit/],
  ])("with %s is 400", async (_, claims, parts, description) => {
    const { logOut, provider, endSessions } = await host();
    const answer = await logOut(provider.logoutToken(claims, parts));
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.text)).toEqual({
      error: "invalid_request",
      error_description: expect.stringMatching(description),
    });
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(endSessions).not.toHaveBeenCalled();
  });

  test("that is an ID token is 400", async () => {
    const { logOut, provider, endSessions } = await host();
    const token = provider.logoutToken({ events: undefined, jti: undefined }, { header: { typ: "JWT" } });
    expect((await logOut(token)).status).toBe(400);
    expect(endSessions).not.toHaveBeenCalled();
  });

  test("that is refused is told of on the level of infos", async () => {
    const logger = recordingLogger();
    const { logOut, provider } = await host({ options: { logger } });
    await logOut(provider.logoutToken({ aud: "other" }));
    expect(logger.lines).toEqual([
      {
        level: "info",
        message: "matrix-jwt-login: a back-channel logout was refused: token is of no provider here (iss, aud)",
      },
    ]);
  });

  test("that is damaged, or none, is 400", async () => {
    const { logOut, post, provider } = await host();
    const token = provider.logoutToken();
    const [header = "", payload = "", signature = ""] = token.split(".");
    const notJson = Buffer.from("{no json").toString("base64url");
    for (const bad of [
      "",
      "x",
      `${header}.${payload}`,
      `${header}.${payload}.${signature.slice(0, -4)}AAAA`,
      `${header}.${notJson}.${signature}`,
      token + "A".repeat(10_000),
    ]) {
      expect((await logOut(bad)).status).toBe(400);
    }
    for (const body of [
      "",
      "x=1",
      `logout_token=${token}&logout_token=${token}`,
      JSON.stringify({ logout_token: token }),
    ]) {
      const { status, text } = await post(body);
      expect([status, text]).toEqual([400, expect.stringContaining("there must be one logout_token")]);
    }
  });

  test("is acted on once", async () => {
    const { logOut, provider, endSessions } = await host();
    const token = provider.logoutToken();
    expect([(await logOut(token)).status, (await logOut(token)).status]).toEqual([200, 200]);
    expect(endSessions).toHaveBeenCalledTimes(1);
  });

  test("is acted on once, as long as it would be accepted", async () => {
    const seconds: number[] = [];
    const usedTokens = {
      claim: (_key: string, time: number) => seconds.push(time) === 1,
      release: () => undefined,
    };
    const { logOut, provider, endSessions } = await host({
      provider: { clockTolerance: 600 },
      options: { usedTokens },
    });
    const token = provider.logoutToken({ exp: inSeconds(-300) });
    expect([(await logOut(token)).status, (await logOut(token)).status]).toEqual([200, 200]);
    expect(endSessions).toHaveBeenCalledTimes(1);
    for (const time of seconds) expect(time).toBeGreaterThanOrEqual(300);
  });

  test("is not done while it is under way: a second request with it ends as the first does", async () => {
    const { logOut, provider, endSessions } = await host();
    let begun = (): void => undefined;
    const hasBegun = new Promise<void>((resolve) => (begun = resolve));
    let fail: (error: Error) => void = () => undefined;
    endSessions.mockImplementationOnce(() => {
      begun();
      return new Promise((_, reject) => (fail = reject));
    });
    const token = provider.logoutToken();
    const first = logOut(token);
    await hasBegun;
    const second = logOut(token);
    // Long enough for the second to be there.
    await new Promise((resolve) => setTimeout(resolve, 100));
    fail(new Error("database down"));
    expect((await Promise.all([first, second])).map(({ status }) => status)).toEqual([503, 503]);
    expect((await logOut(token)).status).toBe(200);
    expect(endSessions).toHaveBeenCalledTimes(2);
  });

  test("is 503, and asked for again, if the clock was set back", async () => {
    const { logOut, provider, endSessions, logger } = await host();
    const token = provider.logoutToken({ exp: inSeconds(100) });
    const clock = movableClock();
    clock.move(-300);
    const later = provider.logoutToken({ iat: inSeconds(0), exp: inSeconds(100) });
    expect([(await logOut(later)).status, endSessions.mock.calls.length]).toEqual([503, 0]);
    expect(String(logger.lines.at(-1)?.message)).toContain("the clock was set back");
    clock.restore();
    expect((await logOut(token)).status).toBe(200);
  });

  test("is acted on again if endSessions failed", async () => {
    const { logOut, provider, endSessions, logger } = await host();
    endSessions.mockRejectedValueOnce(new Error("database down"));
    const token = provider.logoutToken();
    const answer = await logOut(token);
    expect(answer.status).toBe(503);
    expect(answer.headers.get("retry-after")).toMatch(/^\d+$/);
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(JSON.parse(answer.text)).toEqual({ error: "temporarily_unavailable", error_description: "try again later" });
    const failure: unknown = expect.objectContaining({
      message: "matrix-jwt-login: sso.backchannelLogout.endSessions failed",
    });
    expect(logger.lines).toContainEqual({ level: "error", message: failure });
    expect((await logOut(token)).status).toBe(200);
    expect(endSessions).toHaveBeenCalledTimes(2);
  });

  test.each(SERVER_FAULTS.slice(0, 4))("is 503 if the provider %s when its keys are asked for", async (_, fault) => {
    const { logOut, provider, logger } = await host({ provider: { jwksOptions: { timeout: 1, cooldown: 0 } } });
    provider.fault("jwks", fault);
    expect((await logOut(provider.logoutToken())).status).toBe(503);
    // An outage has a line of its own, and is no error of the server's.
    expect(logger.lines.map(({ level }) => level)).not.toContain("error");
    provider.fault("jwks");
    expect((await logOut(provider.logoutToken())).status).toBe(200);
  });

  test("is 503 if the store of used tokens is down", async () => {
    const usedTokens = { claim: () => Promise.reject(new Error("down")), release: () => undefined };
    const { logOut, provider, endSessions } = await host({ options: { usedTokens } });
    expect((await logOut(provider.logoutToken())).status).toBe(503);
    expect(endSessions).not.toHaveBeenCalled();
  });

  test("is read up to bodyLimit", async () => {
    const { post } = await host({ options: { bodyLimit: 10_000 } });
    expect((await post(`logout_token=${"A".repeat(10_000)}`)).status).toBe(413);
  });

  test.each([
    ["express.urlencoded", express.urlencoded({ extended: true })],
    ["express.urlencoded without extensions", express.urlencoded({ extended: false })],
    ["express.text", express.text({ type: "*/*" })],
    ["express.raw", express.raw({ type: "*/*" })],
    ["express.json, which leaves it alone", express.json()],
  ])("is read behind %s", async (_, parser: RequestHandler) => {
    const { url, provider, middleware, endSessions } = await host();
    const app = express().use(parser, middleware);
    const server = app.listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as { port: number };
    const send = (body: URLSearchParams) => fetch(`http://127.0.0.1:${String(port)}${PATH}`, { method: "POST", body });
    const twice = new URLSearchParams([
      ["logout_token", provider.logoutToken()],
      ["logout_token", provider.logoutToken()],
    ]);
    expect((await send(twice)).status).toBe(400);
    expect((await send(new URLSearchParams({ logout_token: provider.logoutToken() }))).status).toBe(200);
    expect(endSessions).toHaveBeenCalledTimes(1);
    expect(url).not.toBe("");
    await new Promise((resolve) => server.close(resolve));
  });

  test("by GET is the host's", async () => {
    const { url } = await host();
    expect((await fetch(url + PATH)).status).toBe(404);
  });
});

test("without backchannelLogout, nothing is there", async () => {
  const { url } = await ssoHost();
  expect((await fetch(url + PATH, { method: "POST" })).status).toBe(404);
});
