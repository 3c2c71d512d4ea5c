import { describe, expect, test } from "@jest/globals";

import {
  clientOf,
  policySourceOf,
  redirectUrlIn,
  redirectUrlTooLong,
  trustedClient,
  withLoginToken,
} from "../../lib/sso/redirect-url.js";
import { expectOptionsError } from "../helpers/bad-options.js";
import { thrownBy } from "../helpers/core.js";

const UNSAFE = ["'", ";", ",", "*", "{", "}", "`", '"'];

const parse = (...urls: readonly string[]): URL =>
  redirectUrlIn(new URLSearchParams(urls.map((url): [string, string] => ["redirectUrl", url]))).url;

describe("a redirectUrl that is accepted", () => {
  test.each([
    ["https://app.example.org", "https://app.example.org/"],
    ["HTTPS://APP.example.org:443/a/../b", "https://app.example.org/b"],
    ["https:app.example.org/", "https://app.example.org/"],
    ["https://bücher.example/ä?q=1#f", "https://xn--bcher-kva.example/%C3%A4?q=1#f"],
    ["http://localhost:8080/#/room", "http://localhost:8080/#/room"],
    ["http://[::1]:8080/", "http://[::1]:8080/"],
    ["element://vector/webapp/?element-desktop-ssoid=1", "element://vector/webapp/?element-desktop-ssoid=1"],
    ["element://connect", "element://connect"],
    ["im.fluffychat://user@login", "im.fluffychat://user@login"],
    ["org.example.app:/callback", "org.example.app:/callback"],
    [` https://app.example.org/\t`, "https://app.example.org/"],
  ])("%j is used as %s", (given, used) => {
    expect(parse(given).href).toBe(used);
  });

  test("may be as long as 2,048 characters", () => {
    expect(parse(`https://a.example/${"x".repeat(2_030)}`).href).toHaveLength(2_048);
  });
});

describe("a redirectUrl that is refused", () => {
  const invalid = { statusCode: 400, errcode: "M_INVALID_PARAM" };

  test("one that is missing", () => {
    expect(thrownBy(() => parse())).toMatchObject({
      statusCode: 400,
      errcode: "M_MISSING_PARAM",
      message: "Missing query parameter redirectUrl",
    });
  });

  const NO_URL = "redirectUrl must be an absolute URL";
  const SCHEME = "redirectUrl must not have this scheme";
  const HOST = "redirectUrl must have a plain host name";
  const USER = "redirectUrl must not hold a user name or password";

  test.each([
    ["twice", ["https://a.example/", "https://a.example/"], "redirectUrl must be given once"],
    ["empty", [""], NO_URL],
    ["relative", ["/path"], NO_URL],
    ["relative to the scheme", ["//a.example/"], NO_URL],
    ["no URL", ["https://"], NO_URL],
    ["2,049 characters", [`https://a.example/${"x".repeat(2_031)}`], "redirectUrl must be at most 2048 characters"],
    ["a user name", ["https://user@a.example/"], USER],
    ["a password", ["http://:secret@a.example/"], USER],
    ...["javascript:alert(1)", "JavaScript://a.example/%0aalert(1)", "java\nscript:alert(1)", "data:text/html,x"].map(
      (url) => [url, [url], SCHEME] as const,
    ),
    ...["vbscript:x", "blob:https://a.example/1", "file:///etc/passwd", "about:blank", "filesystem:https://a/b"].map(
      (url) => [url, [url], SCHEME] as const,
    ),
    ...["view-source:https://a.example/", "intent://scan/#Intent;scheme=x;end"].map(
      (url) => [url, [url], SCHEME] as const,
    ),
    ...UNSAFE.map(
      (character) =>
        [`a host with ${character}`, [`https://a${character}b.example/`], /a plain host name|an absolute URL/] as const,
    ),
    ...UNSAFE.map(
      (character) =>
        [`${character} in another scheme`, [`app://a${character}b/`], /a plain host name|an absolute URL/] as const,
    ),
    ["an encoded ; in the host", ["https://a%3Bb.example/"], HOST],
  ])("%s", (_, urls, message) => {
    expect(thrownBy(() => parse(...urls))).toMatchObject(invalid);
    expect(() => parse(...urls)).toThrow(message);
  });

  test("one that fits no cookie", () => {
    expect(redirectUrlTooLong()).toMatchObject({ ...invalid, message: "redirectUrl is too long" });
  });
});

describe("what is shown and allowed of it", () => {
  test.each([
    ["https://bücher.example:8443/x", "https://xn--bcher-kva.example:8443", "https://xn--bcher-kva.example:8443"],
    ["https://app.example.org/x", "https://app.example.org", "https://app.example.org"],
    ["http://[::1]:8080/", "http://[::1]:8080", "http:"],
    ["https://under_score.example/", "https://under_score.example", "https:"],
    ["element://vector/webapp/", "element://vector", "element:"],
  ])("%s: %s, and in a policy %s", (url, shown, source) => {
    expect([clientOf(parse(url)), policySourceOf(parse(url))]).toEqual([shown, source]);
  });
});

describe("adding a login token", () => {
  test.each([
    ["https://a.example", "https://a.example/?loginToken=mjl_1"],
    ["https://a.example/?a=b%20c&flag&d=%2B#/f?x", "https://a.example/?a=b%20c&flag&d=%2B&loginToken=mjl_1#/f?x"],
    ["https://a.example/?loginToken=old&x=1&login%54oken=older", "https://a.example/?x=1&loginToken=mjl_1"],
    [
      "https://a.example/?loginTokens=1&xloginToken=2",
      "https://a.example/?loginTokens=1&xloginToken=2&loginToken=mjl_1",
    ],
    ["https://a.example/??loginToken=1&x", "https://a.example/??loginToken=1&x&loginToken=mjl_1"],
    ["element://connect", "element://connect?loginToken=mjl_1"],
    ["app:cb", "app:cb?loginToken=mjl_1"],
  ])("to %s", (url, result) => {
    expect(withLoginToken(parse(url), "mjl_1")).toBe(result);
  });
});

describe("trustedClients", () => {
  const trusts = (entry: string, url: string): boolean => trustedClient(entry, "trustedClients[0]")(parse(url));

  test.each([
    ["https://app.element.io/", "https://app.element.io/"],
    ["https://app.element.io", "https://app.element.io/deep/path?x=1#y"],
    ["https://app.element.io:443/", "https://APP.element.io/"],
    ["https://a.example/app", "https://a.example/app"],
    ["https://a.example/app", "https://a.example/app/x"],
    ["https://a.example/app/", "https://a.example/app/x"],
    ["https://a.example/app/", "https://a.example/other/../app/x"],
    ["https://a.example/", "https://a.example/a..b"],
    ["element://", "element://vector/webapp/"],
    ["Element:/", "element://connect"],
    ["ELEMENT://Vector", "element://Vector"],
    ["element://vector/", "element://vector/webapp/"],
  ])("%s covers %s", (entry, url) => {
    expect(trusts(entry, url)).toBe(true);
  });

  test.each([
    ["https://app.element.io/", "http://app.element.io/"],
    ["https://app.element.io/", "https://app.element.io:8443/"],
    ["https://app.element.io/", "https://app.element.io.evil.example/"],
    ["https://app.element.io/", "https://evil.example/https://app.element.io/"],
    ["https://a.example/app", "https://a.example/application"],
    ["https://a.example/app/", "https://a.example/app"],
    ["https://a.example/app/", "https://a.example/app/../evil"],
    ["https://a.example/app/", "https://a.example/app/%2e%2e/evil"],
    ["https://a.example/app/", "https://a.example/app/..%2fevil"],
    ["https://a.example/app/", "https://a.example/app/..;/evil"],
    ["element://", "elements://vector/"],
    ["element://vector/", "element://other/"],
  ])("%s does not cover %s", (entry, url) => {
    expect(trusts(entry, url)).toBe(false);
  });

  test.each([
    ["app.example.org", /must be a URL/],
    ["element", /must be a URL/],
    ["element:", /must be a URL/],
    ["element:x", /must be a URL/],
    ["", /must not be empty/],
    [1, /must be a string/],
    ["https://user@a.example/", /user name/],
    ["https://a.example/?", /query/],
    ["https://a.example/?x", /query/],
    ["https://a.example/#", /fragment/],
    ["https://*.example/", /plain host/],
    ["javascript://", /scheme/],
    ["file:///", /scheme/],
  ])("%j is an options error", (entry, problem) => {
    expectOptionsError(() => trustedClient(entry, "sso.trustedClients[0]"), "sso.trustedClients[0]", problem);
  });
});
