import { beforeAll, describe, expect, jest, test } from "@jest/globals";
import { RateLimiterMemory } from "rate-limiter-flexible";
import type { RejectEvent } from "matrix-jwt-login";

import { createSecretKey } from "node:crypto";
import { inspect } from "node:util";

import { portToComeBackTo } from "../helpers/ports.js";
import { inSeconds } from "../helpers/tokens.js";
import { until } from "../helpers/until.js";
import { link, location, TestBrowser } from "./helpers/browser.js";
import { APP, ssoHost, type SsoHost } from "./helpers/host.js";
import { CLIENT, serveProvider, SERVER_FAULTS } from "./helpers/provider.js";

/** After a fault is over, the next sign-in works by itself. */
async function expectRecovery({ provider, redirect }: SsoHost): Promise<void> {
  for (const step of ["discovery", "authorize", "token", "jwks", "userinfo"] as const) provider.fault(step);
  Object.assign(provider, { document: {}, response: {}, claims: {}, tokenParts: {}, userInfo: {} });
  // On a busy machine one more may take longer than the timeout.
  await until(async () => location(await new TestBrowser().visit(redirect())).includes("loginToken=mjl_"));
}

// The packages behind it are loaded when first used, which on a busy machine takes longer than these providers have.
beforeAll(async () => {
  await expectRecovery(await ssoHost());
});

const steps = ["discovery", "token", "jwks", "userinfo"] as const;

describe.each(steps)("if the provider's step %s", (step) => {
  test.each(SERVER_FAULTS)("%s: 503, a page, nothing minted, and recovery", async (_, fault) => {
    const issueToken = jest.fn(() => ({ accessToken: "an access token" }));
    const host = await ssoHost({
      provider: { userInfo: true, jwksOptions: { timeout: 1, cooldown: 0 } },
      options: { issueToken },
    });
    host.provider.fault(step, fault);
    const page = await new TestBrowser().visit(host.redirect());
    expect(page.status).toBe(503);
    expect(page.headers.get("retry-after")).toMatch(/^\d+$/);
    expect(page.text).toContain("temporarily unavailable");
    expect(link(page, "Try again")).toBe(host.redirect(APP, "example"));
    expect(JSON.stringify(host.logger.lines)).not.toContain("an access token");
    expect(issueToken).not.toHaveBeenCalled();
    await expectRecovery(host);
  });
});

test.each(["token", "userinfo"] as const)(
  "an outage of the provider's %s endpoint is one line, and its end another",
  async (step) => {
    const onReject = jest.fn<(event: RejectEvent) => void>();
    const host = await ssoHost({ provider: { userInfo: true }, options: { onReject } });
    const told = () => host.logger.lines.map(({ level, message }) => `${level} ${String(message)}`);
    for (let outage = 1; outage <= 2; outage += 1) {
      host.provider.fault(step, (_, res) => void res.writeHead(502).end("<html>"));
      for (let i = 0; i < 3; i += 1) expect((await new TestBrowser().visit(host.redirect())).status).toBe(503);
      host.provider.fault(step);
      for (let i = 0; i < 2; i += 1) expect((await new TestBrowser().visit(host.redirect())).status).toBe(303);
      expect(told().slice(2 * outage - 2)).toEqual([
        expect.stringMatching(
          new RegExp(`^warn .* no usable answer from http.*/${step}: answered with status 502; sign-ins fail until`),
        ),
        `info matrix-jwt-login: sign-in with example works again (${step}_endpoint)`,
      ]);
      expect(onReject.mock.calls.slice(3 * outage - 3)).toEqual(
        Array(3).fill([
          {
            loginType: "m.login.sso",
            statusCode: 503,
            errcode: "M_UNKNOWN",
            reason: "provider_unavailable",
            durationMs: expect.any(Number),
            req: expect.anything(),
          },
        ]),
      );
    }
  },
);

test("a provider that is down: 503, and recovery once it is back", async () => {
  const port = await portToComeBackTo();
  const host = await ssoHost({ provider: { issuer: `http://127.0.0.1:${String(port)}` } });
  const page = await new TestBrowser().visit(host.redirect());
  expect(page.status).toBe(503);
  const back = await serveProvider(port);
  try {
    expect(location(await new TestBrowser().visit(host.redirect()))).toContain("loginToken=mjl_");
  } finally {
    await back.close();
  }
});

describe("an ID token that", () => {
  test.each([
    ["is of another issuer", { claims: { iss: "https://evil.example" } }, "issuer"],
    ["is for another audience", { claims: { aud: "other" } }, "audience"],
    ["is for several audiences without azp", { claims: { aud: [CLIENT.id, "other"] } }, "audience"],
    ["was made for another client (azp)", { claims: { aud: [CLIENT.id, "other"], azp: "other" } }, "audience"],
    ["was made for another client though for us alone", { claims: { azp: "other" } }, "audience"],
    ["has another nonce", { claims: { nonce: "other" } }, "nonce"],
    ["has no nonce", { claims: { nonce: undefined } }, "nonce"],
    ["has expired", { claims: { exp: inSeconds(-120) } }, "expired"],
    ["never expires", { claims: { exp: undefined } }, "expiry_missing"],
    ["does not say when it was issued", { claims: { iat: undefined } }, "invalid_time"],
    ["is from the future", { claims: { iat: inSeconds(1_000) } }, "issued_in_future"],
    ["has no subject", { claims: { sub: undefined } }, "subject"],
    ["has an empty subject", { claims: { sub: "" } }, "subject"],
    ["has a subject over 255 characters", { claims: { sub: "a".repeat(256) } }, "subject"],
    ["has a session ID that is no string", { claims: { sid: 1 } }, "malformed"],
    ["has a session ID over 1,024 characters", { claims: { sid: "a".repeat(1_025) } }, "malformed"],
    [
      "is signed with the client secret",
      { tokenParts: { algorithm: "HS256", key: createSecretKey(Buffer.from(CLIENT.secret)) } },
      "algorithm",
    ],
    ["is of another key", { tokenParts: { header: { kid: "other" } } }, "unknown_key"],
  ] as const)("%s is refused", async (_, answer, reason) => {
    const onReject = jest.fn<(event: RejectEvent) => void>();
    const host = await ssoHost({ options: { onReject } });
    Object.assign(host.provider, answer);
    const page = await new TestBrowser().visit(host.redirect());
    expect(page.status).toBe(403);
    expect(page.text).toContain("JWT validation failed: ");
    expect(link(page, "Try again")).toBe(`${host.redirect(APP, "example")}&org.matrix-jwt-login.anew=1`);
    expect(onReject.mock.calls).toEqual([
      [expect.objectContaining({ loginType: "m.login.sso", reason, statusCode: 403 })],
    ]);
    await expectRecovery(host);
  });

  test.each<readonly [string, (token: string) => unknown, string?]>([
    ["is unsigned", (token: string) => token.replace(/^[^.]*/, Buffer.from('{"alg":"none"}').toString("base64url"))],
    [
      "is unsigned and has no signature",
      (token: string) => `${Buffer.from('{"alg":"none"}').toString("base64url")}.${token.split(".")[1] ?? ""}.`,
    ],
    ["is missing", () => undefined],
    ["is no string", () => 1],
    [
      "is encrypted",
      () => `${Buffer.from('{"alg":"RSA-OAEP","enc":"A256GCM"}').toString("base64url")}.a.b.c.d`,
      "the ID token is encrypted, which single sign-on does not take",
    ],
    [
      "is encrypted and too long to look at",
      () => `${Buffer.from('{"alg":"RSA-OAEP","enc":"A256GCM"}').toString("base64url")}.a.b.c.${"d".repeat(8_192)}`,
      "token is longer than the option",
    ],
  ])("%s is refused", async (_, change, why = "") => {
    const host = await ssoHost();
    const token = host.provider.logoutToken({ events: undefined });
    host.provider.fault("token", (__, res) => {
      res.json({ access_token: "x", token_type: "Bearer", id_token: change(token) });
    });
    const page = await new TestBrowser().visit(host.redirect());
    expect(page.status).toBe(403);
    expect(page.text).toContain(`JWT validation failed: ${why}`);
    await expectRecovery(host);
  });

  test("is for several audiences, us among them by azp, is accepted", async () => {
    const { provider, redirect } = await ssoHost();
    provider.claims = { aud: ["other", CLIENT.id], azp: CLIENT.id };
    expect((await new TestBrowser().visit(redirect())).status).toBe(303);
  });
});

describe("what is asked of the provider is not logged", () => {
  const SECRETS =
    /code_verifier=[\w-]{20}|code=[\w-]{20}|client%20secret|client_secret=a|Basic \w{8}|an access token|an\+access/;

  test.each(["client_secret_basic", "client_secret_post"])("by a fetch whose errors quote it: %s", async (method) => {
    const quoting = async (url: string, init: { method: string; headers: object; body?: string }) => {
      const quote = `${JSON.stringify(init.headers)} ${String(init.body)}`;
      if (init.method === "POST") throw Object.assign(new Error(`cannot send ${quote}`), { config: init });
      return fetch(url, init as RequestInit);
    };
    const { redirect, logger } = await ssoHost({
      provider: { clientAuthentication: method, jwksOptions: { fetch: quoting } },
    });
    expect((await new TestBrowser().visit(redirect())).status).toBe(503);
    expect(logger.lines.map(({ message }) => String(message)).join("\n")).not.toMatch(SECRETS);
    expect(logger.lines.at(-1)?.message).toContain("not shown, as it quotes the request");
  });

  test("by a fetch whose errors quote the access token", async () => {
    const quoting = async (url: string, init: { headers: object }) => {
      if (url.endsWith("/userinfo")) throw new Error(`cannot send ${JSON.stringify(init.headers)}`);
      return fetch(url, init as RequestInit);
    };
    const { redirect, logger } = await ssoHost({ provider: { userInfo: true, jwksOptions: { fetch: quoting } } });
    expect((await new TestBrowser().visit(redirect())).status).toBe(503);
    expect(logger.lines.map(({ message }) => String(message)).join("\n")).not.toMatch(SECRETS);
  });

  test.each<[string, (password: string) => string]>([
    ["as it was sent", (password) => password],
    ["in small letters", (password) => password.toLowerCase()],
    ["decoded", (password) => decodeURIComponent(password)],
    ["encoded in full", (password) => Buffer.from(decodeURIComponent(password)).toString("hex").replace(/../g, "%$&")],
  ])("by an answer that repeats the client's secret: %s", async (_, spelt) => {
    const { redirect, logger, provider } = await ssoHost({ provider: { clientSecret: "kc_client-secret.1 \u00fc" } });
    const repeated: string[] = [];
    provider.fault("token", (req, res) => {
      const [, password = ""] = String(Buffer.from(String(req.headers.authorization).slice(6), "base64")).split(":");
      repeated.push(spelt(password));
      res.status(401).json({ error: "invalid_client", error_description: `wrong: ${String(repeated[0])}` });
    });
    await new TestBrowser().visit(redirect());
    const told = logger.lines.map(({ message }) => String(message)).join("\n");
    expect(told).toContain("not shown, as it quotes the request");
    expect(repeated[0]).toMatch(/^.{10}/);
    expect(told).not.toContain(repeated[0]);
    expect(told).not.toContain("wrong:");
  });

  test.each(["invalid_grant", "invalid_client", "invalid_request"])(
    "by an answer that repeats it: %s",
    async (error) => {
      const { redirect, logger, provider } = await ssoHost();
      provider.fault("token", (req, res) => {
        const code = new URLSearchParams(req.body as string).get("code");
        res.status(400).json({ error, error_description: `${String(code)} is no good code` });
      });
      await new TestBrowser().visit(redirect());
      const told = logger.lines.map(({ message }) => String(message)).join("\n");
      expect(told).toContain(error);
      expect(told).toContain("not shown, as it quotes the request");
      expect(told).not.toContain("is no good code");
    },
  );
});

describe("an authorization response", () => {
  test("with an empty issuer is refused though none was promised", async () => {
    const host = await ssoHost();
    host.provider.document = { authorization_response_iss_parameter_supported: undefined };
    host.provider.response = { iss: "" };
    expect((await new TestBrowser().visit(host.redirect())).status).toBe(403);
    host.provider.response = { iss: undefined };
    expect((await new TestBrowser().visit(host.redirect())).status).toBe(303);
  });

  test.each([
    ["cancelled", { code: undefined, error: "access_denied", error_description: "<b>\nno" }, 403, "cancelled", "info"],
    ["of a broken provider", { code: undefined, error: "server_error" }, 503, "temporarily unavailable", "warn"],
    ["of a busy provider", { code: undefined, error: "temporarily_unavailable" }, 503, "unavailable", "warn"],
    ["of a misconfigured client", { code: undefined, error: "invalid_scope" }, 403, "failed", "info"],
    ["without a code", { code: undefined }, 403, "failed", "info"],
    ["with an empty code", { code: "" }, 403, "failed", "info"],
    ["with an empty error and no code", { code: undefined, error: "" }, 403, "failed", "info"],
    ["with an empty issuer", { iss: "" }, 403, "failed", "info"],
    ["of another issuer", { iss: "https://evil.example" }, 403, "failed", "info"],
    ["without the issuer that was promised", { iss: undefined }, 403, "failed", "info"],
    ["with a code that is not the provider's", { code: "stolen" }, 400, "no longer valid", "info"],
  ] as const)("%s", async (_, response, status, words, level) => {
    const onReject = jest.fn<(event: RejectEvent) => void>();
    const host = await ssoHost({ options: { onReject } });
    host.provider.response = response;
    const browser = new TestBrowser();
    const page = await browser.visit(host.redirect());
    expect(page.status).toBe(status);
    expect(onReject).not.toHaveBeenCalled();
    expect(page.text).toContain(words);
    expect(page.text).not.toContain("<b>");
    expect(link(page, "Try again")).toBe(host.redirect(APP, "example"));
    expect(browser.cookies.size).toBe(0);
    expect(host.logger.lines.at(-1)?.level).toBe(level);
    expect(String(host.logger.lines.at(-1)?.message)).not.toContain("\n");
    await expectRecovery(host);
  });

  test("in another browser gets nowhere", async () => {
    const { redirect, provider } = await ssoHost();
    const there = await new TestBrowser().request(redirect());
    const back = await new TestBrowser().request(location(there));
    const page = await new TestBrowser().request(location(back));
    expect(page.status).toBe(400);
    expect(page.text).toContain("no longer valid");
    expect(provider.exchanges).toEqual([]);
  });

  test("with a state of the browser's, but a cookie of another sign-in, gets nowhere", async () => {
    const { redirect, provider } = await ssoHost();
    const browser = new TestBrowser();
    const [one, other] = [await browser.request(redirect()), await browser.request(redirect())];
    const [first, second] = [...browser.cookies];
    browser.cookies.set(first?.[0] ?? "", second?.[1] ?? "");
    browser.cookies.set(second?.[0] ?? "", first?.[1] ?? "");
    for (const there of [one, other]) {
      const page = await browser.visit(location(there));
      expect(page.status).toBe(400);
    }
    expect(provider.exchanges).toEqual([]);
  });

  test("is used once", async () => {
    const { redirect, provider } = await ssoHost();
    const browser = new TestBrowser();
    const there = await browser.request(redirect());
    const back = location(await browser.request(location(there)));
    const cookies = new Map(browser.cookies);
    expect((await browser.request(back)).status).toBe(303);
    expect((await browser.request(back)).status).toBe(400);
    expect(provider.exchanges).toHaveLength(1);
    // Whoever has kept the cookie finds that the code is used up.
    for (const [name, value] of cookies) browser.cookies.set(name, value);
    expect((await browser.request(back)).status).toBe(400);
  });

  test("after 10 minutes is too late", async () => {
    const { redirect } = await ssoHost();
    const browser = new TestBrowser();
    const there = await browser.request(redirect());
    const back = location(await browser.request(location(there)));
    const now = Date.now();
    const clock = jest.spyOn(Date, "now").mockImplementation(() => now + 601_000);
    const page = await browser.request(back);
    clock.mockRestore();
    expect(page.status).toBe(400);
    expect(page.text).toContain("took longer than 10 minutes");
  });
});

describe("the token endpoint's errors", () => {
  test("about the client are the operator's to read", async () => {
    const host = await ssoHost();
    host.provider.fault("token", (_, res) => {
      res.status(401).json({ error: "invalid_client", error_description: "no such\nclient", access_token: "secret" });
    });
    const page = await new TestBrowser().visit(host.redirect());
    expect(page.status).toBe(503);
    expect(page.text).not.toContain("no such");
    const [line] = host.logger.lines;
    expect(String(line?.message)).toMatch(
      /no usable answer from http\S+: .*"invalid_client" "no such\\nclient"; check its clientId, clientSecret and clientAuthentication; sign-ins fail until this works again$/,
    );
    expect(JSON.stringify(host.logger.lines)).not.toContain("secret");
  });

  const many = `[${"{},".repeat(300_000)}{}]`;
  test.each<["token" | "userinfo", number, string]>([
    ["token", 200, `{"access_token":"a","token_type":"Bearer","x":${many}}`],
    ["token", 200, `{"x":${"[".repeat(101)}${"]".repeat(101)}}`],
    ["token", 400, `{"error":"invalid_grant","x":${many}}`],
    ["userinfo", 200, `{"sub":"alice","x":${many}}`],
  ])("at %s, status %d: JSON that would take long to parse is not parsed", async (endpoint, status, text) => {
    const host = await ssoHost({ provider: { userInfo: true } });
    host.provider.fault(endpoint, (_, res) => {
      res.status(status).type("json").send(text);
    });
    expect((await new TestBrowser().visit(host.redirect())).status).toBe(503);
    expect(String(host.logger.lines[0]?.message)).toContain("JSON that is too deep or holds too many values");
    host.provider.fault(endpoint);
    expect((await new TestBrowser().visit(host.redirect())).status).toBe(303);
  });

  test.each(["token", "userinfo"] as const)("at %s: what is not JSON is not quoted", async (endpoint) => {
    const host = await ssoHost({ provider: { userInfo: true } });
    host.provider.fault(endpoint, (_, res) => {
      res.status(200).type("json").send("eyJSECRETS.eyJzdWIi.c2ln");
    });
    expect((await new TestBrowser().visit(host.redirect())).status).toBe(503);
    const told = inspect(host.logger.lines, { depth: null });
    expect(told).toMatch(/no usable answer from http\S+: answered with something that is not JSON;/);
    expect(told).not.toMatch(/eyJ|SECRET/);
  });

  test("that cuts the connection is logged by URL and cause", async () => {
    const host = await ssoHost();
    host.provider.fault("token", (_, res) => res.destroy());
    expect((await new TestBrowser().visit(host.redirect())).status).toBe(503);
    const [line] = host.logger.lines;
    expect(String(line?.message)).toMatch(/no usable answer from http\S+: .*(?:closed|reset|hang up|ECONNRESET)/);
  });

  test.each([{ error: "server_error" }, { error: "invalid_request", error_description: 1 }])("%j", async (body) => {
    const host = await ssoHost();
    host.provider.fault("token", (_, res) => {
      res.status(400).json(body);
    });
    expect((await new TestBrowser().visit(host.redirect())).status).toBe(503);
  });
});

test("UserInfo about somebody else is refused", async () => {
  const host = await ssoHost({ provider: { userInfo: true } });
  host.provider.userInfo = { sub: "bob" };
  const page = await new TestBrowser().visit(host.redirect());
  expect(page.status).toBe(403);
  expect(page.text).toContain("UserInfo is not about the user of the ID token");
});

test.each(["authorization_endpoint", "token_endpoint", "userinfo_endpoint"])(
  "a discovery document without %s, or with one that is not https: 503, and the log says so",
  async (name) => {
    for (const value of [undefined, "http://id.example.org/x"]) {
      const host = await ssoHost({ provider: { userInfo: true } });
      host.provider.document = { [name]: value };
      expect((await new TestBrowser().visit(host.redirect())).status).toBe(503);
      expect(String(host.logger.lines.at(-1)?.message)).toContain(name);
    }
  },
);

test("who is refused is asked by the provider who they are when they try again", async () => {
  const host = await ssoHost();
  host.provider.claims = { sub: "nobody" };
  const page = await new TestBrowser().visit(host.redirect());
  expect(page.status).toBe(403);
  await new TestBrowser().visit(link(page, "Try again"));
  expect(host.provider.authorizations.map((asked) => asked.get("prompt"))).toEqual([null, "login"]);
});

describe("what the login says is the page's text", () => {
  test.each([
    ["an unknown user", { options: { findUser: () => undefined } }, 403, "User does not exist"],
    ["authorize", { provider: { authorize: () => false } }, 403, "token not authorized"],
    [
      "a user ID that cannot be",
      { provider: { subjectClaim: "odd" }, options: { externalIds: false } },
      400,
      "user ID",
    ],
  ] as const)("%s", async (_, given, status, words) => {
    const host = await ssoHost(given);
    host.provider.claims = { odd: "ä" };
    const page = await new TestBrowser().visit(host.redirect());
    expect(page.status).toBe(status);
    expect(page.text).toContain(words);
  });

  test("a callback that fails: 500, without its message", async () => {
    const host = await ssoHost({
      options: {
        findUser: () => {
          throw new Error("secret detail");
        },
      },
    });
    const page = await new TestBrowser().visit(host.redirect());
    expect(page.status).toBe(500);
    expect(page.text).not.toContain("secret detail");
  });

  test("limits by address: 429, before the provider is asked", async () => {
    const rateLimits = { address: new RateLimiterMemory({ points: 1, duration: 60 }) };
    const { redirect, provider } = await ssoHost({ options: { rateLimits } });
    expect((await new TestBrowser().visit(redirect())).status).toBe(303);
    const page = await new TestBrowser().visit(redirect());
    expect(page.status).toBe(429);
    expect(Number(page.headers.get("retry-after"))).toBeGreaterThan(50);
    expect(provider.exchanges).toHaveLength(1);
  });

  test("limits of failures count refused ID tokens, and not what the provider did wrong", async () => {
    const rateLimits = { failures: new RateLimiterMemory({ points: 1, duration: 60 }) };
    const { redirect, provider } = await ssoHost({ options: { rateLimits } });
    const [, fault = () => undefined] = SERVER_FAULTS[2] ?? [];
    provider.fault("token", fault);
    expect((await new TestBrowser().visit(redirect())).status).toBe(503);
    provider.fault("token");
    provider.claims = { nonce: "other" };
    expect((await new TestBrowser().visit(redirect())).status).toBe(403);
    expect((await new TestBrowser().visit(redirect())).status).toBe(429);
  });
});
