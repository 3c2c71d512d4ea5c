import { createHash } from "node:crypto";

import { describe, expect, jest, test } from "@jest/globals";

import express from "express";

import { login } from "../helpers/login.js";
import { serveForTest } from "../helpers/test-hosts.js";
import { inSeconds } from "../helpers/tokens.js";
import { link, location, loginTokenIn, TestBrowser } from "./helpers/browser.js";
import { APP, providerForTest, ssoHost } from "./helpers/host.js";
import { CLIENT } from "./helpers/provider.js";

const redeem = (url: string, token: unknown, more: object = {}) =>
  login(url, { type: "m.login.token", token, ...more });

describe("a sign-in", () => {
  test("of a trusted client ends in a login", async () => {
    const issueToken = jest.fn<(...args: readonly unknown[]) => { accessToken: string }>(() => ({
      accessToken: "an access token",
    }));
    const onLogin = jest.fn();
    const { url, redirect, provider } = await ssoHost({ options: { issueToken, onLogin } });
    const back = await new TestBrowser().visit(redirect(`${APP}?a=b%20c#/room`));
    expect(back.status).toBe(303);
    expect(location(back)).toMatch(/^https:\/\/app\.example\.org\/\?a=b%20c&loginToken=mjl_[\w.-]+#\/room$/);
    expect(back.headers.get("cache-control")).toBe("no-store");
    expect(issueToken).not.toHaveBeenCalled();

    const answer = await redeem(url, loginTokenIn(back), { device_id: "PHONE", initial_device_display_name: "Phone" });
    expect(answer).toMatchObject({
      status: 200,
      body: { user_id: "@alice:example.org", access_token: "an access token", device_id: "PHONE" },
    });
    const external = { issuer: provider.issuer, subject: "alice" };
    expect(issueToken.mock.calls).toEqual([
      [
        { id: "alice" },
        expect.objectContaining({
          loginType: "m.login.sso",
          userId: "@alice:example.org",
          localpart: "alice",
          claims: { iss: provider.issuer, sub: "alice", sid: "session-1" },
          externalId: external,
          sso: { provider: "example", ...external, sessionId: "session-1" },
          deviceId: "PHONE",
          deviceIdGiven: true,
          initialDeviceDisplayName: "Phone",
          ip: "127.0.0.1",
        }),
      ],
    ]);
    expect(onLogin.mock.calls).toEqual([
      [expect.objectContaining({ loginType: "m.login.sso", userId: "@alice:example.org" })],
    ]);
  });

  test("asks the provider as OpenID Connect and PKCE want it", async () => {
    const { url, redirect, provider } = await ssoHost();
    await new TestBrowser().visit(redirect());
    const [asked] = provider.authorizations;
    const redirectUri = `${url}/_matrix/client/unstable/org.matrix-jwt-login/sso/callback/example`;
    expect(Object.fromEntries(asked ?? [])).toEqual({
      response_type: "code",
      client_id: CLIENT.id,
      redirect_uri: redirectUri,
      scope: "openid profile",
      state: expect.stringMatching(/^[\w-]{20,}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: "S256",
    });
    const [{ form, authorization } = { form: new URLSearchParams(), authorization: undefined }] = provider.exchanges;
    expect(form.get("redirect_uri")).toBe(redirectUri);
    const challenge = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url");
    expect(challenge).toBe(asked?.get("code_challenge"));
    const [id, secret] = Buffer.from(authorization?.slice(6) ?? "", "base64")
      .toString()
      .split(":");
    expect(decodeURIComponent(id ?? "")).toBe(CLIENT.id);
    expect(decodeURIComponent((secret ?? "").replaceAll("+", " "))).toBe(CLIENT.secret);
  });

  test("of another client asks first, and names account and client", async () => {
    const { url, redirect } = await ssoHost();
    const browser = new TestBrowser();
    const page = await browser.visit(redirect("https://bücher.example/x?y=1"));
    expect(page.status).toBe(200);
    expect(page.text).toContain("@alice:example.org");
    expect(page.text).toContain("https://xn--bcher-kva.example ");
    expect(page.text).not.toContain("mjl_");
    expect(page.headers.get("content-security-policy")).toContain("form-action 'self' https://xn--bcher-kva.example;");
    const back = await browser.press(page, "Continue");
    expect(back.status).toBe(303);
    expect(location(back)).toMatch(/^https:\/\/xn--bcher-kva\.example\/x\?y=1&loginToken=mjl_/);
    expect(browser.cookies.size).toBe(0);
    expect((await redeem(url, loginTokenIn(back))).status).toBe(200);
  });

  test("leaves no cookie behind", async () => {
    const { redirect } = await ssoHost();
    const browser = new TestBrowser();
    await browser.visit(redirect());
    expect(browser.received).toHaveLength(2);
    expect(browser.cookies.size).toBe(0);
  });

  test("over https has cookies of this host alone", async () => {
    const { url } = await ssoHost({ sso: { publicBaseUrl: "https://matrix.example.org" } });
    const path = `/_matrix/client/v3/login/sso/redirect?redirectUrl=${encodeURIComponent(APP)}`;
    const first = await new TestBrowser().request(url + path);
    expect(location(first)).toBe(`https://matrix.example.org${path}&org.matrix-jwt-login.public=1`);
    const second = await new TestBrowser().request(`${url}${path}&org.matrix-jwt-login.public=1`);
    expect(second.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^__Host-mjl-sso-[\w-]+=[\w.-]+; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax; Secure$/),
    ]);
    const state = new URL(location(second)).searchParams.get("state") ?? "";
    expect(second.headers.getSetCookie()[0]).toContain(state);
  });

  test("registers a user that nobody knows, if that is allowed", async () => {
    const registerUser = jest.fn((userId: string) => ({ id: userId }));
    const found = new Map<string, { id: string }>();
    const options = {
      registerUser: (userId: string, ...rest: readonly unknown[]) => {
        const user = registerUser(userId);
        expect(rest).toEqual([expect.objectContaining({ displayName: "Alice" })]);
        found.set(userId, user);
        return user;
      },
      findUser: (userId: string) => found.get(userId),
    };
    const { url, redirect } = await ssoHost({
      provider: { allowRegistration: true, displayNameClaim: "name" },
      options,
    });
    const back = await new TestBrowser().visit(redirect());
    expect(registerUser).toHaveBeenCalledTimes(1);
    expect((await redeem(url, loginTokenIn(back))).body["user_id"]).toBe("@alice:example.org");
    expect(registerUser).toHaveBeenCalledTimes(1);
  });

  test("signs a linked user in whose ID token no longer names one here", async () => {
    const find = () => "@alice:example.org";
    const { url, redirect } = await ssoHost({
      provider: { subjectClaim: "preferred_username" },
      options: { externalIds: { find, link: () => true } },
    });
    const back = await new TestBrowser().visit(redirect());
    expect((await redeem(url, loginTokenIn(back))).body["user_id"]).toBe("@alice:example.org");
  });

  test("takes claims of the UserInfo endpoint too, which replace none of the ID token's", async () => {
    const authorize = jest.fn<(...args: readonly unknown[]) => boolean>(() => true);
    const { redirect, provider } = await ssoHost({
      provider: { userInfo: true, subjectClaim: "preferred_username", authorize },
      options: { externalIds: false },
    });
    provider.userInfo = { preferred_username: "bob", name: "Mallory", nbf: inSeconds(1_000), roles: ["admin"] };
    const back = await new TestBrowser().visit(redirect("https://other.example/"));
    expect(back.text).toContain("@bob:example.org");
    expect(authorize.mock.calls).toEqual([
      [expect.objectContaining({ sub: "alice", name: "Alice", roles: ["admin"] }), {}],
    ]);
    expect(authorize.mock.calls[0]?.[0]).not.toHaveProperty("nbf");
  });

  test.each([
    [{ prompt_values_supported: ["none", "create"] }, "action=register", "create"],
    [{ prompt_values_supported: ["none", "create"] }, "org.matrix.msc3824.action=register", "create"],
    [{ prompt_values_supported: ["none", "create"] }, "action=login", "select_account"],
    [{ prompt_values_supported: ["none"] }, "action=register", "select_account"],
    [{}, "action=register", "select_account"],
  ])("with %j and %s asks for prompt=%s", async (document, action, prompt) => {
    const { redirect, provider } = await ssoHost({
      provider: { prompt: "select_account", authorizationParameters: { kc_idp_hint: "github" } },
    });
    provider.document = document;
    await new TestBrowser().visit(`${redirect()}&${action}`);
    expect(provider.authorizations[0]?.get("prompt")).toBe(prompt);
    expect(provider.authorizations[0]?.get("kc_idp_hint")).toBe("github");
  });

  test.each([
    [{ clientSecret: undefined }, {}, undefined, { client_id: CLIENT.id }],
    [{ clientAuthentication: "client_secret_post" }, {}, undefined, { client_secret: CLIENT.secret }],
    [
      {},
      { token_endpoint_auth_methods_supported: ["client_secret_post"] },
      undefined,
      { client_secret: CLIENT.secret },
    ],
    [{}, { token_endpoint_auth_methods_supported: ["client_secret_post", "client_secret_basic"] }, /^Basic /, {}],
  ])("with %j and %j authenticates as it should", async (rules, document, authorization, fields) => {
    const given = Object.fromEntries(Object.entries(rules).filter(([, value]) => value !== undefined));
    const { redirect, provider } = await ssoHost({
      providers: ({ clientSecret, ...main }) => ({
        example: {
          ...main,
          ...("clientSecret" in rules ? {} : { clientSecret: clientSecret ?? "" }),
          ...given,
        },
      }),
    });
    provider.document = document;
    expect((await new TestBrowser().visit(redirect())).status).toBe(303);
    const [exchange] = provider.exchanges;
    if (authorization === undefined) expect(exchange?.authorization).toBeUndefined();
    else expect(exchange?.authorization).toMatch(authorization);
    expect(Object.fromEntries(exchange?.form ?? [])).toMatchObject(fields);
  });
});

describe("several providers", () => {
  const two = async () => {
    const other = await providerForTest();
    const host = await ssoHost({
      providers: (main) => ({
        first: { ...main, name: "First & best", icon: "mxc://example.org/abc", brand: "keycloak" },
        second: { ...main, name: "Second", issuer: other.issuer },
      }),
      options: { externalIds: false },
    });
    return { ...host, other };
  };

  test("are there to choose from", async () => {
    const { redirect, other, provider } = await two();
    const browser = new TestBrowser();
    const page = await browser.visit(redirect());
    expect(page.status).toBe(200);
    expect(page.text).toContain("https://app.example.org");
    expect(link(page, "First &#38; best")).toBe(redirect(APP, "first"));
    const back = await browser.visit(link(page, "Second"));
    expect(location(back)).toContain("loginToken=mjl_");
    expect([other.authorizations, provider.authorizations].map((all) => all.length)).toEqual([1, 0]);
  });

  test("are listed for clients", async () => {
    const { url } = await two();
    const response = await fetch(`${url}/_matrix/client/v3/login`);
    expect(await response.json()).toEqual({
      flows: [
        {
          type: "m.login.sso",
          identity_providers: [
            { id: "first", name: "First & best", icon: "mxc://example.org/abc", brand: "keycloak" },
            { id: "second", name: "Second" },
          ],
        },
        { type: "m.login.token" },
      ],
    });
  });

  test("are listed beside the host's own, each once", async () => {
    const theirs = [{ id: "first", name: "Theirs" }, { id: "saml", name: "SAML" }, null];
    const { middleware } = await two();
    const app = express();
    app.use(middleware);
    app.get("/_matrix/client/v3/login", (_, res) => {
      res.json({
        flows: [{ type: "m.login.sso", identity_providers: theirs, extra: 1 }, { type: "m.login.password" }],
      });
    });
    const { url } = await serveForTest(app);
    const response = await fetch(`${url}/_matrix/client/v3/login`);
    expect(await response.json()).toEqual({
      flows: [
        { type: "m.login.sso", identity_providers: [...theirs, { id: "second", name: "Second" }], extra: 1 },
        { type: "m.login.password" },
        { type: "m.login.token" },
      ],
    });
  });

  test("that send a browser back without a state get it no further", async () => {
    const { url, redirect, provider } = await two();
    const browser = new TestBrowser();
    const there = await browser.request(redirect(APP, "first"));
    const back = new URL(location(await browser.request(location(there))));
    expect(back.href.startsWith(url)).toBe(true);
    back.searchParams.delete("state");
    const page = await browser.request(back.href);
    expect(page.status).toBe(400);
    expect(page.text).toContain("no longer valid");
    expect(provider.exchanges).toEqual([]);
  });

  test("do not answer for one another", async () => {
    const { url, redirect, other, provider } = await two();
    const browser = new TestBrowser();
    const there = await browser.request(redirect(APP, "first"));
    const answer = await browser.request(location(there));
    const mixed = location(answer).replace("/callback/first?", "/callback/second?");
    expect(mixed).toContain(url);
    const page = await browser.request(mixed);
    expect(page.status).toBe(400);
    expect(page.text).toContain("no longer valid");
    expect([...provider.exchanges, ...other.exchanges]).toEqual([]);
    expect(browser.cookies.size).toBe(0);
  });
});
