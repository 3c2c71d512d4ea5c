import { randomBytes, randomInt } from "node:crypto";

import { describe, expect, jest, test } from "@jest/globals";
import { createJwtLogin, type RejectEvent } from "matrix-jwt-login";
import { RateLimiterMemory } from "rate-limiter-flexible";

import { movableClock } from "../helpers/clock.js";
import { SECRET } from "../helpers/keys.js";
import { host as plainHost, login, LOGIN_TYPE, optionsWith, SERVER_NAME } from "../helpers/login.js";
import { token as jwt } from "../helpers/tokens.js";
import { loginTokenIn, TestBrowser } from "./helpers/browser.js";
import { APP, providerForTest, SECRET_FOR_SSO, ssoHost, type SsoHost } from "./helpers/host.js";
import { CLIENT } from "./helpers/provider.js";

const redeem = (url: string, token: unknown, more: object = {}) =>
  login(url, { type: "m.login.token", token, ...more });

async function tokenOf({ redirect }: Pick<SsoHost, "redirect">): Promise<string> {
  return loginTokenIn(await new TestBrowser().visit(redirect()));
}

const INVALID = { status: 403, body: { errcode: "M_FORBIDDEN", error: "Invalid login token" } };

describe("a login token", () => {
  test("is good once, and counts as a failure afterwards", async () => {
    const onReject = jest.fn<(event: RejectEvent) => void>();
    const rateLimits = { failures: new RateLimiterMemory({ points: 2, duration: 60 }) };
    const host = await ssoHost({ options: { onReject, rateLimits } });
    const token = await tokenOf(host);
    expect((await redeem(host.url, token)).status).toBe(200);
    expect(await redeem(host.url, token)).toMatchObject(INVALID);
    expect(onReject.mock.calls[0]?.[0]).toMatchObject({ loginType: "m.login.sso", reason: "login_token" });
    expect(await redeem(host.url, "mjl_forged")).toMatchObject(INVALID);
    expect((await redeem(host.url, "mjl_forged")).status).toBe(429);
  });

  test.each([
    ["no login type", {}],
    ["one that takes tokens again", { [LOGIN_TYPE]: { secret: SECRET } }],
    ["one whose tokens are short", { [LOGIN_TYPE]: { secret: SECRET, singleUse: true, maxTokenLifetime: 30 } }],
  ])("is not good again after the clock was set back, with %s", async (_, loginTypes) => {
    // By then it has forgotten the token, as it may.
    const usedTokens = { claim: () => true, release: () => undefined };
    const host = await ssoHost({ options: { loginTypes, usedTokens } });
    const token = await tokenOf(host);
    const clock = movableClock();
    const steady = performance.now.bind(performance);
    try {
      expect((await redeem(host.url, token)).status).toBe(200);
      clock.move(-500);
      await redeem(host.url, await tokenOf(host));
      clock.move(450);
      jest.spyOn(performance, "now").mockImplementation(() => steady() + 450_000);
      expect(await redeem(host.url, token)).toMatchObject(INVALID);
    } finally {
      clock.restore();
      jest.restoreAllMocks();
    }
  });

  test("leaves the login by JWT beside it as it is", async () => {
    const { middleware } = await ssoHost({ options: { loginTypes: { [LOGIN_TYPE]: { secret: SECRET } } } });
    const { login } = middleware.jwtLogin;
    expect(await login({ type: LOGIN_TYPE, token: jwt() })).toMatchObject({ user_id: "@alice:example.org" });
    await expect(login({ type: "m.login.token", token: jwt() })).rejects.toMatchObject({ errcode: "M_UNKNOWN" });
    await expect(login({ type: "m.login.token", token: "mjl_forged" })).rejects.toMatchObject({
      errcode: "M_FORBIDDEN",
    });
  });

  test("is good for the longest subject and session ID that a provider may name", async () => {
    const text = (length: number) =>
      Array.from({ length }, () => String.fromCharCode(0x4e00 + randomInt(20_000))).join("");
    const host = await ssoHost({ provider: { subjectClaim: "name" }, options: { externalIds: false } });
    host.provider.claims = { sub: text(255), sid: text(1_024), name: "alice" };
    expect((await redeem(host.url, await tokenOf(host))).status).toBe(200);
  });

  test("is good once though sent twenty times at once", async () => {
    const host = await ssoHost();
    const token = await tokenOf(host);
    const answers = await Promise.all(Array.from({ length: 20 }, () => redeem(host.url, token)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  test("is good again if issueToken fails", async () => {
    const issueToken = jest.fn(() => ({ accessToken: "an access token" }));
    issueToken.mockImplementationOnce(() => {
      throw new Error("broken");
    });
    const host = await ssoHost({ options: { issueToken } });
    const token = await tokenOf(host);
    expect((await redeem(host.url, token)).status).toBe(500);
    expect((await redeem(host.url, token)).status).toBe(200);
  });

  test("expires after loginTokenLifetime", async () => {
    const host = await ssoHost({ sso: { loginTokenLifetime: 10 } });
    const token = await tokenOf(host);
    const now = Date.now();
    const clock = jest.spyOn(Date, "now").mockImplementation(() => now + 11_000);
    const answer = await redeem(host.url, token);
    clock.mockRestore();
    expect(answer).toMatchObject(INVALID);
  });

  test("of a user that is gone is of no use, and findUser's refusals stand", async () => {
    const findUser = jest.fn<() => { id: string } | undefined>(() => ({ id: "alice" }));
    const host = await ssoHost({ options: { findUser } });
    const token = await tokenOf(host);
    findUser.mockReturnValue(undefined);
    expect(await redeem(host.url, token)).toMatchObject({ status: 403, body: { error: "User does not exist" } });
  });

  test("counts for the account's limit when it is redeemed, and not before", async () => {
    const rateLimits = { account: new RateLimiterMemory({ points: 1, duration: 60 }) };
    const host = await ssoHost({ options: { rateLimits } });
    const tokens = [await tokenOf(host), await tokenOf(host)];
    expect((await redeem(host.url, tokens[0])).status).toBe(200);
    expect((await redeem(host.url, tokens[1])).status).toBe(429);
  });

  test.each([
    ["damaged", (token: string) => `${token.slice(0, -3)}AAA`],
    ["cut", (token: string) => token.slice(0, -1)],
    ["empty", () => "mjl_"],
    ["far too long", (token: string) => token + "A".repeat(10_000)],
  ])("that is %s is refused", async (_, change) => {
    const host = await ssoHost();
    expect(await redeem(host.url, change(await tokenOf(host)))).toMatchObject(INVALID);
  });

  test("of another server, or another secret, is refused", async () => {
    const host = await ssoHost();
    const token = await tokenOf(host);
    const other = await ssoHost({ options: { serverName: "other.example" } });
    const stranger = await ssoHost({ sso: { secret: randomBytes(32) } });
    expect(await redeem(other.url, token)).toMatchObject(INVALID);
    expect(await redeem(stranger.url, token)).toMatchObject(INVALID);
  });

  test("made with the older secret is good while secrets are rotated", async () => {
    const host = await ssoHost();
    const token = await tokenOf(host);
    const next = await ssoHost({ sso: { secret: [randomBytes(32), SECRET_FOR_SSO] } });
    expect((await redeem(next.url, token)).status).toBe(200);
  });

  test.each([
    ["device_id", 1],
    ["refresh_token", "yes"],
  ])("comes with fields that are checked: %s", async (name, value) => {
    const host = await ssoHost();
    expect(await redeem(host.url, await tokenOf(host), { [name]: value })).toMatchObject({
      status: 400,
      body: { errcode: "M_INVALID_PARAM" },
    });
  });

  test("is told who the user is in a room of its own: no form, and no cookie, passes for it", async () => {
    const { url, redirect } = await ssoHost();
    const browser = new TestBrowser();
    const page = await browser.visit(redirect("https://other.example/"));
    const [, field = ""] = /name="form" value="([^"]*)"/.exec(page.text) ?? [];
    expect(field).not.toBe("");
    expect(await redeem(url, `mjl_${field}`)).toMatchObject(INVALID);
    const [cookie = ""] = browser.cookies.values();
    expect(await redeem(url, `mjl_${cookie}`)).toMatchObject(INVALID);
  });
});

describe("other logins with m.login.token", () => {
  test.each(["other", "MJL_x", "", undefined, 1, null])("%j is the host's", async (token) => {
    const { url } = await ssoHost();
    const response = await fetch(`${url}/_matrix/client/v3/login`, {
      method: "POST",
      body: JSON.stringify({ type: "m.login.token", token }),
    });
    expect(response.status).toBe(404);
  });

  test.each(["other", undefined])("%j is 403 if nobody else answers", async (token) => {
    const { url } = await ssoHost({ options: { unknownLoginType: "reject" } });
    expect(await redeem(url, token)).toMatchObject(INVALID);
  });

  test("m.login.sso is no type to post", async () => {
    const { url } = await ssoHost({ options: { unknownLoginType: "reject" } });
    expect(await login(url, { type: "m.login.sso" })).toMatchObject({ status: 400, body: { errcode: "M_UNKNOWN" } });
  });

  test("are the host's without sso", async () => {
    const { url, close } = await plainHost(optionsWith({}, { unknownLoginType: "reject" }));
    expect(await redeem(url, "mjl_x")).toMatchObject({ status: 400, body: { errcode: "M_UNKNOWN" } });
    await close();
  });
});

describe("without Express", () => {
  test("the whole sign-in works from requests to answers", async () => {
    const provider = await providerForTest();
    const jwtLogin = createJwtLogin({
      ...optionsWith({}),
      sso: {
        publicBaseUrl: "https://matrix.example.org",
        secret: SECRET_FOR_SSO,
        identityProviders: {
          example: { name: "Example", issuer: provider.issuer, clientId: CLIENT.id, clientSecret: CLIENT.secret },
        },
        trustedClients: [APP],
      },
    });
    const { sso } = jwtLogin;
    await jwtLogin.ready();
    const path = "/_matrix/client/v3/login/sso/redirect/example";
    expect(sso?.handles("GET", path)).toBe(true);
    expect(sso?.handles("POST", path)).toBe(false);
    expect(sso?.handles("GET", "/_matrix/client/v3/login")).toBe(false);
    const query = `redirectUrl=${encodeURIComponent(APP)}`;
    const there = await sso?.handle({ method: "GET", path, query, host: "MATRIX.example.org:443" });
    expect(there?.status).toBe(302);
    const [cookie = ""] = there?.headers["Set-Cookie"] ?? [];
    const back = await fetch(String(there?.headers["Location"]), { redirect: "manual" });
    const { pathname, search } = new URL(back.headers.get("location") ?? "");
    const home = await sso?.handle({
      method: "GET",
      path: pathname,
      query: search.slice(1),
      cookie: cookie.replace(/;.*/, ""),
    });
    expect(home?.status).toBe(303);
    const loginToken = new URL(String(home?.headers["Location"])).searchParams.get("loginToken");
    const answer = await jwtLogin.login({ type: "m.login.token", token: loginToken });
    expect(answer.user_id).toBe(`@alice:${SERVER_NAME}`);
    await expect(sso?.handle({ method: "GET", path: "/other", query: "" })).resolves.toBeUndefined();
  });
});
