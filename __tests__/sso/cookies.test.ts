import { describe, expect, test } from "@jest/globals";

import { cookieJar } from "../../lib/sso/cookies.js";

const jar = cookieJar("sso", true);
const id = (seconds: number): string => `${seconds.toString(36)}-${"A".repeat(22)}`;
const cookie = (seconds: number, value = "v"): string => `__Host-mjl-sso-${id(seconds)}=${value}`;

test("a cookie is for this host alone, and out of reach for scripts and other sites", () => {
  expect(jar.keep(undefined, id(1), "v")).toEqual([
    `__Host-mjl-sso-${id(1)}=v; Max-Age=600; Path=/; HttpOnly; SameSite=Lax; Secure`,
  ]);
  expect(jar.drop(id(1))).toBe(`__Host-mjl-sso-${id(1)}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure`);
});

test("on http it is neither __Host- nor Secure, as browsers would not keep it", () => {
  expect(cookieJar("sso", false).keep(undefined, id(1), "v")).toEqual([
    `mjl-sso-${id(1)}=v; Max-Age=600; Path=/; HttpOnly; SameSite=Lax`,
  ]);
});

test("IDs are random, and begin with the time", () => {
  const now = Date.now();
  const [one, other] = [jar.newId(), jar.newId()];
  expect(one).not.toBe(other);
  expect(one).toMatch(/^[0-9a-z]+-[A-Za-z0-9_-]{22}$/);
  expect(Math.abs(parseInt(one, 36) - now)).toBeLessThanOrEqual(10_000);
});

test.each([
  [`a=b; ${cookie(1)}; c=d`, "v"],
  [cookie(1), "v"],
  [`${cookie(1)};${cookie(2, "w")}`, "v"],
  [undefined, undefined],
  ["", undefined],
  [cookie(2), undefined],
  [cookie(1).replace("__Host-", ""), undefined],
  [cookie(1).replace("-sso-", "-form-"), undefined],
  [`x${cookie(1)}`, undefined],
])("in %j, the value is %j", (header, value) => {
  expect(jar.get(header, id(1))).toBe(value);
});

describe("keeps", () => {
  const dropped = (cookies: readonly string[]): readonly (string | undefined)[] =>
    cookies.slice(0, -1).map((text) => /-sso-([0-9a-z]+)-/.exec(text)?.[1]);

  test("at most 4, and drops the oldest", () => {
    const header = [3, 1, 2].map((seconds) => cookie(seconds)).join("; ");
    expect(dropped(jar.keep(header, id(4), "v"))).toEqual([]);
    expect(dropped(jar.keep(`${header}; ${cookie(4)}`, id(5), "v"))).toEqual(["1"]);
    expect(dropped(jar.keep(`${header}; ${cookie(4)}; ${cookie(5)}`, id(6), "v"))).toEqual(["2", "1"]);
  });

  test("the newest of one moment, which browsers send last", () => {
    const made = ["A", "B", "C", "D"].map((letter) => `1-${letter.repeat(22)}`);
    const header = made.map((one) => `__Host-mjl-sso-${one}=v`).join("; ");
    const [gone] = jar.keep(header, `1-${"E".repeat(22)}`, "v");
    expect(gone).toMatch(/^__Host-mjl-sso-1-A{22}=; Max-Age=0/);
  });

  test("nothing over 3,000 bytes", () => {
    const room = 3_000 - `__Host-mjl-sso-${jar.newId()}=`.length;
    expect(jar.fits("x".repeat(room))).toBe(true);
    expect(jar.fits("x".repeat(room + 1))).toBe(false);
  });

  test("at most 8 KiB together, and drops the oldest", () => {
    const big = "x".repeat(2_900);
    const header = `${cookie(1, big)}; ${cookie(2, big)}`;
    expect(dropped(jar.keep(header, id(3), "x".repeat(2_000)))).toEqual([]);
    expect(dropped(jar.keep(header, id(3), big))).toEqual(["1"]);

    const room = 8_192 - `${header}; __Host-mjl-sso-${id(3)}=`.length + 2 * "; ".length;
    expect(dropped(jar.keep(header, id(3), "x".repeat(room)))).toEqual([]);
    expect(dropped(jar.keep(header, id(3), "x".repeat(room + 1)))).toEqual(["1"]);
  });

  test("other cookies out of it", () => {
    const header = Array.from({ length: 50 }, (_, i) => `other${String(i)}=${"x".repeat(500)}; __Host-mjl-sso-x=1`);
    expect(jar.keep(header.join("; "), id(1), "v")).toHaveLength(1);
  });
});
