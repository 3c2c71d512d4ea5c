import { describe, expect, test } from "@jest/globals";

import { authorizationOf, parseAuthorization } from "../../lib/access/authorization.js";

describe("the Authorization header (RFC 6750 section 2.1)", () => {
  test.each([
    ["Bearer abc", "abc"],
    ["bearer abc", "abc"],
    ["BEARER abc", "abc"],
    ["Bearer   abc", "abc"],
    ["Bearer abc ", "abc"],
    ["Bearer aA0-._~+/==", "aA0-._~+/=="],
    ["Bearer a.b.c", "a.b.c"],
  ])("%p holds a token", (value, token) => {
    expect(parseAuthorization(value)).toEqual({ kind: "bearer", token });
  });

  test.each([
    [undefined],
    [null],
    ["Basic YTpi"],
    ["Basic"],
    ["Digest username=alice, nonce=x"],
    ["X-Matrix origin=example.org"],
    ["Bearers abc"],
    ["abc"],
  ])("%p holds no token", (value) => {
    expect(parseAuthorization(value)).toEqual({ kind: "none" });
  });

  test.each([
    [""],
    [" "],
    ["Bearer"],
    ["Bearer "],
    ["Bearer a b"],
    ["Bearer a,b"],
    ["Bearer a\tb"],
    ["Bearer\tabc"],
    ["Bearer a=b"],
    ["Bearer ="],
    ['Bearer "abc"'],
    ["Bearer abc\u00e9"],
    ["Bearer abc\nX: y"],
    ["Bearer abc, Bearer def"],
    ["(Basic) abc"],
    [42],
    [["Bearer abc", "Bearer def"]],
  ])("%p is malformed", (value) => {
    expect(parseAuthorization(value)).toEqual({ kind: "malformed" });
  });

  test.each([
    ["two of them", ["Authorization", "Bearer abc", "authorization", "Bearer def"]],
    ["two equal ones", ["authorization", "Bearer abc", "AUTHORIZATION", "Bearer abc"]],
    ["a second one of another scheme", ["authorization", "Bearer abc", "Host", "x", "Authorization", "Basic YTpi"]],
  ])("%s are malformed, though Node shows the first alone", (_, rawHeaders) => {
    const headers = { authorization: "Bearer abc" };
    expect(authorizationOf({ headers, rawHeaders })).toEqual({ kind: "malformed" });
  });

  test.each([
    ["one", ["Host", "authorization", "Authorization", "Bearer abc"]],
    ["headers of an adapter without raw ones", undefined],
    ["raw headers of an adapter that has no strings in them", [1, 2]],
    ["raw headers of an adapter with nulls among them", [null, null, undefined, "x"]],
    ["another header whose name is as long", ["Authorization", "Bearer abc", "If-None-Match", "x"]],
  ])("%s: the token is read", (_, rawHeaders) => {
    const headers = { authorization: "Bearer abc" };
    const request = rawHeaders === undefined ? { headers } : { headers, rawHeaders };
    expect(authorizationOf(request)).toEqual({ kind: "bearer", token: "abc" });
  });
});
