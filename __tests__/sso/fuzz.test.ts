import { expect, test } from "@jest/globals";
import fc from "fast-check";

import { send } from "../helpers/http-client.js";
import { TestBrowser } from "./helpers/browser.js";
import { ssoHost } from "./helpers/host.js";

const RUNS = Number(process.env["SSO_FUZZ_RUNS"] ?? 150);

/** Whatever is sent to the endpoints of single sign-on, none of it is the server's fault. */
test("no request to redirect, callback, logout and fallback is a 5xx", async () => {
  const { url, redirect, provider } = await ssoHost({
    sso: {
      backchannelLogout: { path: "/logout", endSessions: () => undefined },
      interactiveAuth: { sessionOf: () => undefined, complete: () => undefined },
    },
  });
  const browser = new TestBrowser();
  await browser.request(redirect());
  const [cookieName, cookieValue] = [...browser.cookies][0] ?? ["", ""];
  const state = cookieName.replace("mjl-sso-", "");
  const callback = "/_matrix/client/unstable/org.matrix-jwt-login/sso/callback";
  const paths = [
    "/_matrix/client/v3/login/sso/redirect",
    "/_matrix/client/v3/login/sso/redirect/example",
    `${callback}/example`,
    `${callback}/other`,
    "/logout",
    "/_matrix/client/v3/auth/m.login.sso/fallback/web",
  ];
  const names = [
    "redirectUrl",
    "action",
    "state",
    "code",
    "iss",
    "error",
    "error_description",
    "session",
    "loginToken",
  ];
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 60 }).filter((one) => one.isWellFormed()),
    fc.constantFrom(
      state,
      provider.issuer,
      "https://a.example/",
      "element://x",
      "javascript:x",
      "%",
      "",
      "access_denied",
    ),
    fc.webUrl({ withQueryParameters: true }),
  );
  const query = fc.array(fc.tuple(fc.constantFrom(...names), text), { maxLength: 6 });
  const form = fc.array(
    fc.tuple(fc.constantFrom("form", "provider", "logout_token"), fc.oneof(text, fc.constant(provider.logoutToken()))),
    { maxLength: 3 },
  );
  const cookie = fc.oneof(
    fc.constant(`${cookieName}=${cookieValue}`),
    fc.string({ unit: "grapheme-ascii", maxLength: 80 }).map((one) => `${cookieName}=${one}`),
    fc.string({ unit: "grapheme-ascii", maxLength: 80 }),
  );
  const request = fc.record({
    method: fc.constantFrom("GET", "GET", "POST", "HEAD", "PUT"),
    path: fc.constantFrom(...paths),
    suffix: fc.constantFrom("", "", "", "/", "/%zz", "/..", "?"),
    query,
    form,
    cookie,
    host: fc.constantFrom(undefined, undefined, "evil.example", "[::1", ""),
  });
  await fc.assert(
    fc.asyncProperty(request, async ({ method, path, suffix, query: fields, form: sent, cookie: header, host }) => {
      const answer = await send(url, {
        method,
        path: `${path}${suffix}?${new URLSearchParams(fields).toString()}`,
        headers: { cookie: header, ...(host !== undefined && { host }) },
        ...(method === "POST" && { body: new URLSearchParams(sent).toString() }),
      });
      expect(answer.status).toBeLessThan(500);
      expect(answer.text).not.toContain("mjl_");
    }),
    { numRuns: RUNS },
  );
}, 60_000);
