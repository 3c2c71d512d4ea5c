import { describe, expect, test } from "@jest/globals";
import type { Claims } from "matrix-jwt-login";

import { deviceOf, isDeviceId, isGranted } from "../../lib/access/device.js";

const SCOPE = "urn:matrix:client:device:";
const MSC2967 = "urn:matrix:org.matrix.msc2967.client:device:";

describe("the device of an access token", () => {
  test.each([
    ["is of the scope", [`${SCOPE}PHONE`], {}, "PHONE"],
    ["is of the scope's name in MSC2967", ["openid", `${MSC2967}PHONE`], {}, "PHONE"],
    ["is of both, if they name the same", [`${SCOPE}PHONE`, `${MSC2967}PHONE`], {}, "PHONE"],
    ["is of the claim", ["openid"], { device_id: "PHONE" }, "PHONE"],
    ["is of scope and claim, if they name the same", [`${SCOPE}PHONE`], { device_id: "PHONE" }, "PHONE"],
    ["may have a colon", [`${SCOPE}a:b`], {}, "a:b"],
    ["may be left out", ["openid"], {}, undefined],
    ["may be null", [], { device_id: null }, undefined],
  ])("%s", (_, scopes, claims, device) => {
    expect(deviceOf(claims, scopes)).toEqual({ id: device });
  });

  test.each([
    ["two scopes that differ", [`${SCOPE}PHONE`, `${SCOPE}LAPTOP`], {}],
    ["two scopes that differ, one by its name in MSC2967", [`${SCOPE}PHONE`, `${MSC2967}LAPTOP`], {}],
    ["a scope and a claim that differ", [`${SCOPE}PHONE`], { device_id: "LAPTOP" }],
    ["a scope without an ID", [SCOPE], {}],
    ["an empty claim", [], { device_id: "" }],
    ["a number", [], { device_id: 1 }],
    ["a list", [], { device_id: ["PHONE"] }],
    ["a control character", [], { device_id: "PHO\nNE" }],
    ["an ID over 512 characters", [`${SCOPE}${"x".repeat(513)}`], {}],
  ])("is refused for %s", (_, scopes, claims) => {
    expect(deviceOf(claims, scopes)).toBe("bad");
  });

  test("is no inherited member", () => {
    expect(deviceOf(Object.create({ device_id: "PHONE" }) as Claims, [])).toEqual({ id: undefined });
  });
});

test.each([
  ["x".repeat(512), true],
  ["x".repeat(513), false],
  ["\u{1f600}".repeat(512), true],
  ["\u{1f600}".repeat(513), false],
  ["a\u0000", false],
  ["a\u007f", false],
  ["a\u0085", false],
  ["a\ud800", false],
  ["ä b", true],
])("a device ID: %p", (id, good) => {
  expect(isDeviceId(id)).toBe(good);
});

test.each([
  ["openid", ["openid"], true],
  ["openid", ["open"], false],
  ["urn:matrix:client:api:*", ["urn:matrix:client:api:*"], true],
  ["urn:matrix:client:api:*", ["urn:matrix:org.matrix.msc2967.client:api:*"], true],
  ["urn:matrix:client:api:*", ["openid"], false],
  ["openid", ["urn:matrix:org.matrix.msc2967.client:api:*"], false],
  ["urn:matrix:org.matrix.msc2967.client:api:*", ["urn:matrix:client:api:*"], false],
  ["urn:matrix:client:api:guest", ["urn:matrix:org.matrix.msc2967.client:api:guest"], false],
])("the required scope %s is granted by %p: %p", (required, scopes, granted) => {
  expect(isGranted(required, scopes)).toBe(granted);
});
