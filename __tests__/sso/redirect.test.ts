import { describe, expect, jest, test } from "@jest/globals";
import express from "express";
import { createJwtLogin, matrixJwtLogin } from "matrix-jwt-login";

import { expectOptionsError } from "../helpers/bad-options.js";
import { recordingLogger } from "../helpers/core.js";
import { send } from "../helpers/http-client.js";
import { optionsWith } from "../helpers/login.js";
import { serveForTest } from "../helpers/test-hosts.js";
import { location, TestBrowser } from "./helpers/browser.js";
import { APP, providerForTest, SECRET_FOR_SSO, ssoHost } from "./helpers/host.js";

const visit = (url: string) => new TestBrowser().visit(url);

describe("a redirect request", () => {
  test.each(["r0", "v3", "unstable"])("is answered under %s", async (version) => {
    const { redirect } = await ssoHost();
    expect((await visit(redirect().replace("/v3/", `/${version}/`))).status).toBe(303);
  });

  test.each([
    ["v1", (url: string) => url.replace("/v3/", "/v1/")],
    ["upper case", (url: string) => url.replace("/sso/", "/SSO/")],
    ["a slash at its end", (url: string) => url.replace("?", "/?")],
    ["an unknown provider", (url: string) => url.replace("?", "/other?")],
    ["a broken ID", (url: string) => url.replace("?", "/%zz?")],
    ["a path below", (url: string) => url.replace("?", "/example/x?")],
  ])("with %s is the host's", async (_, change) => {
    const { redirect } = await ssoHost();
    expect((await visit(change(redirect()))).status).toBe(404);
    expect((await visit(change(redirect()))).text).toContain("Cannot GET");
  });

  test("for a provider whose ID is percent-encoded is answered", async () => {
    const { redirect } = await ssoHost();
    expect((await visit(redirect().replace("?", "/ex%61mple?"))).status).toBe(303);
  });

  test("for an unknown provider gets a page if nobody else answers", async () => {
    const { redirect } = await ssoHost({ options: { unknownLoginType: "reject" } });
    const page = await visit(redirect(APP, "other"));
    expect(page.status).toBe(404);
    expect(page.text).toContain("Unknown sign-in");
  });

  test.each([
    ["", "M_MISSING_PARAM"],
    ["?redirectUrl=/x", "M_INVALID_PARAM"],
    ["?redirectUrl=javascript:alert(1)", "M_INVALID_PARAM"],
    ["?redirectUrl=https://a.example/&redirectUrl=https://b.example/", "M_INVALID_PARAM"],
  ])("with %j is 400", async (query, errcode) => {
    const { url } = await ssoHost();
    const answer = await visit(`${url}/_matrix/client/v3/login/sso/redirect${query}`);
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.text)).toMatchObject({ errcode });
    expect(answer.headers.get("access-control-allow-origin")).toBe("*");
    expect(answer.headers.get("cache-control")).toBe("no-store");
  });

  test("whose redirectUrl fits no cookie is 400", async () => {
    const { redirect } = await ssoHost();
    const noise = Array.from({ length: 1_000 }, (_, i) => String.fromCodePoint(0x20000 + ((i * 7_919) % 40_000))).join(
      "",
    );
    const answer = await visit(redirect(`https://a.example/${noise}`));
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.text)).toMatchObject({ errcode: "M_INVALID_PARAM" });
  });

  test("with 2,048 characters of redirectUrl works to the end", async () => {
    const { redirect } = await ssoHost();
    const url = `${APP}?${"a1B2_-".repeat(337)}`;
    expect(url.length).toBe(2_048 - 1);
    expect(location(await visit(redirect(url)))).toContain("&loginToken=mjl_");
  });

  test("by HEAD is answered without a body", async () => {
    const { redirect } = await ssoHost();
    const { pathname, search, origin } = new URL(redirect());
    const answer = await send(origin, { method: "HEAD", path: pathname + search });
    expect(answer.status).toBe(302);
  });

  test("keeps at most four sign-ins in a browser", async () => {
    const { redirect } = await ssoHost();
    const browser = new TestBrowser();
    for (let i = 0; i < 6; i += 1) await browser.request(redirect());
    expect(browser.cookies.size).toBe(4);
  });
});

describe("mounts", () => {
  const hostAt = async (mount: string, callbackPath?: string, base = "") => {
    const provider = await providerForTest();
    const app = express();
    app.set("env", "test");
    const { url } = await serveForTest(app);
    const logger = recordingLogger();
    app.use(
      mount,
      matrixJwtLogin({
        ...optionsWith({}),
        logger,
        sso: {
          publicBaseUrl: url + base,
          secret: SECRET_FOR_SSO,
          identityProviders: { example: { name: "Example", issuer: provider.issuer, clientId: "matrix" } },
          trustedClients: [APP],
          ...(callbackPath !== undefined && { callbackPath }),
        },
      }),
    );
    return { url, logger };
  };
  const path = `/login/sso/redirect?redirectUrl=${encodeURIComponent(APP)}`;

  test.each([path, "/login"])("that cannot reach the callback are told of once, by %s", async (asked) => {
    const { url, logger } = await hostAt("/_matrix/client/v3");
    await new TestBrowser().request(`${url}/_matrix/client/v3/other`);
    expect(logger.lines).toEqual([]);
    await new TestBrowser().request(`${url}/_matrix/client/v3${asked}`);
    await new TestBrowser().request(`${url}/_matrix/client/v3${asked}`);
    const lines = logger.lines.filter(({ level }) => level === "error");
    expect(lines).toEqual([{ level: "error", message: expect.stringContaining("sso.callbackPath") }]);
  });

  test.each([["/"], ["/_matrix"]])("at %s work to the end", async (mount) => {
    const { url, logger } = await hostAt(mount);
    await new TestBrowser().request(`${url}/_matrix/client/v3/login`);
    expect((await visit(`${url}/_matrix/client/v3${path}`)).status).toBe(303);
    expect(logger.lines).toEqual([]);
  });

  test("at a part of the path work with a callback below it", async () => {
    const { url, logger } = await hostAt("/_matrix/client/v3", "/_matrix/client/v3/sso-callback");
    await new TestBrowser().request(`${url}/_matrix/client/v3/login`);
    expect((await visit(`${url}/_matrix/client/v3${path}`)).status).toBe(303);
    expect(logger.lines).toEqual([]);
  });

  test("under a prefix answer below it", async () => {
    const { url, logger } = await hostAt("/hs");
    for (let i = 0; i < 2; i += 1) {
      const there = await new TestBrowser().request(`${url}/hs/_matrix/client/v3${path}`);
      expect(there.status).toBe(302);
      expect(location(there)).toContain("code_challenge=");
    }
    expect(logger.lines).toEqual([
      {
        level: "error",
        message: expect.stringMatching(
          /mounted at "\/hs", where sso.callbackPath cannot .* let publicBaseUrl end in \/hs,/,
        ),
      },
    ]);
  });

  test.each([
    ["what a proxy leaves of publicBaseUrl", "/hs", "/a/hs", "/hs"],
    ["a path in another case", "/hs", "/hs", "/HS"],
  ])("under %s are as they should be", async (_, mount, base, asked) => {
    const { url, logger } = await hostAt(mount, undefined, base);
    expect((await new TestBrowser().request(`${url}${asked}/_matrix/client/v3${path}`)).status).toBe(302);
    expect(logger.lines).toEqual([]);
  });

  test("under the path of publicBaseUrl work to the end", async () => {
    const { url, logger } = await hostAt("/hs", undefined, "/hs");
    expect((await visit(`${url}/hs/_matrix/client/v3${path}`)).status).toBe(303);
    expect(logger.lines).toEqual([]);
  });
});

describe("options errors", () => {
  const provider = { name: "Example", issuer: "https://id.example.org", clientId: "matrix" };
  const make =
    (providers: object, more: object = {}) =>
    () =>
      createJwtLogin({
        ...optionsWith({}),
        sso: { publicBaseUrl: "https://matrix.example.org", secret: SECRET_FOR_SSO, identityProviders: providers },
        ...more,
      } as never);
  const example = "sso.identityProviders.example";

  test.each([
    [{ example: provider, other: { ...provider, clientId: "x" } }, "externalIds", /several/],
    [{ example: { ...provider, subjectClaim: "email" } }, "externalIds", /subjectClaim/],
    [{ example: { ...provider, subjectClaim: ["realm", "sub"] } }, "externalIds", /subjectClaim/],
    [{ example: { ...provider, subjectClaim: () => "x" } }, "externalIds", /subjectClaim/],
    [{ example: { ...provider, allowRegistration: true } }, `${example}.allowRegistration`, /registerUser/],
    [{ example: { ...provider, algorithms: ["HS256"] } }, `${example}.algorithms[0]`, /HS256/],
    [{ example: { ...provider, algorithms: ["none"] } }, `${example}.algorithms[0]`, /none/],
    [{ example: { ...provider, issuer: "http://id.example.org" } }, `${example}.issuer`, /https/],
    [{ example: { ...provider, clockTolerance: 601 } }, `${example}.clockTolerance`, /600/],
    [{ example: { ...provider, jwksOptions: { timeout: -1 } } }, `${example}.jwksOptions.timeout`, /0/],
    [{ example: { ...provider, algorithms: undefined } }, `${example}.algorithms`, /undefined/],
    [{ example: { ...provider, clientSecret: undefined } }, `${example}.clientSecret`, /undefined/],
  ])("%j", (providers, path, problem) => {
    expectOptionsError(make(providers), path, problem);
  });

  test("no login type and no sso", () => {
    expectOptionsError(() => createJwtLogin({ ...optionsWith({}), loginTypes: {} }), "loginTypes", /at least one/);
  });

  test.each([
    [{ example: { ...provider, subjectClaim: "sub" } }],
    [{ example: { ...provider, subjectClaim: ["sub"] } }],
  ])("not for one provider that names its users by sub: %j", (providers) => {
    expect(make(providers)().flows.map(({ type }) => type)).toContain("m.login.sso");
  });

  test("not if externalIds says false", () => {
    expect(make({ example: { ...provider, subjectClaim: "email" } }, { externalIds: false })).not.toThrow();
  });
});

test("ready() fetches discovery documents and keys ahead", async () => {
  const host = await ssoHost();
  const asked = jest.fn();
  await host.middleware.jwtLogin.ready();
  host.provider.fault("jwks", asked);
  host.provider.fault("discovery", asked);
  expect((await visit(host.redirect())).status).toBe(303);
  expect(asked).not.toHaveBeenCalled();
});

describe("the page of several providers", () => {
  const identityProviders = Object.fromEntries(
    Array.from({ length: 20 }, (_, i) => [
      `p${String(i)}`,
      { name: `P${String(i)}`, issuer: "https://id.example.org", clientId: "m" },
    ]),
  );
  const { sso } = createJwtLogin({
    ...optionsWith({}),
    externalIds: false,
    sso: { publicBaseUrl: "https://matrix.example.org", secret: SECRET_FOR_SSO, identityProviders },
  });
  const path = "/_matrix/client/v3/login/sso/redirect";
  const redirectUrl = `redirectUrl=${encodeURIComponent("https://app.example.org/?a=1&b=2")}`;
  const body = async (query: string) =>
    String((await sso?.handle({ method: "GET", path, query, host: "matrix.example.org" }))?.body).replaceAll(
      /&(?:amp|#38);/g,
      "&",
    );

  test.each([
    ["", ""],
    ["&action=register", "&action=register"],
    ["&org.matrix.msc3824.action=register", "&action=register"],
    ["&action=login", ""],
    ["&org.matrix-jwt-login.anew=x", "&org.matrix-jwt-login.anew=1"],
  ])("links to each with what counts of the query: %j", async (more, kept) => {
    expect(await body(redirectUrl + more)).toContain(
      `href="https://matrix.example.org${path}/p7?${redirectUrl}${kept}"`,
    );
  });

  test("has links that work for the longest URL, though it is longer once it is encoded", async () => {
    const given = `https://app.example.org/#/${"\u65e5".repeat(2_000)}`;
    const links = [
      ...(await body(`redirectUrl=${encodeURIComponent(given)}`)).matchAll(/href="([^"]+\?redirectUrl[^"]+)"/g),
    ];
    expect(links).toHaveLength(20);
    const query = new URL(String(links[0]?.[1])).searchParams;
    expect(query.get("redirectUrl")).toBe(given);
    expect(await body(query.toString())).toContain("app.example.org");
  });

  test("does not grow by the rest of the query", async () => {
    const short = await body(redirectUrl);
    expect((await body(`${redirectUrl}&x=${"y".repeat(10_000)}`)).length).toBe(short.length);
  });
});
