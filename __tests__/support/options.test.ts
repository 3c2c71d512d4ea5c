import { describe, expect, test } from "@jest/globals";

import { flag, text } from "../../lib/support/checks.js";
import { optional, optionsOf, required } from "../../lib/support/options.js";
import { expectOptionsError } from "../helpers/bad-options.js";

const inner = optionsOf({ cors: optional(flag, true) });
const spec = { name: required(text), nickname: optional(text), inner: optional(inner, inner({}, "inner")) };
const check = optionsOf(spec);

describe("a table of options", () => {
  test("returns every option, defaults included", () => {
    expect(check({ name: "a" }, "")).toEqual({ name: "a", nickname: undefined, inner: { cors: true } });
    expect(check({ name: "a", inner: { cors: false } }, "")).toMatchObject({ inner: { cors: false } });
  });

  test.each<[string, unknown, string, RegExp]>([
    ["no object", 1, "at", /must be an object/],
    ["a required option that is missing", {}, "at.name", /is required/],
    ["an unknown name", { name: "a", toString: 1 }, "at.toString", /the options here are name, nickname, inner/],
    ["a wrong value", { name: 1 }, "at.name", /must be a string/],
    ["a wrong value further down", { name: "a", inner: { cors: 1 } }, "at.inner.cors", /must be true or false/],
    ["undefined", { name: "a", nickname: undefined }, "at.nickname", /is undefined; set the environment variable/],
  ])("refuses %s", (_, value, path, problem) => {
    expectOptionsError(() => check(value, "at"), path, problem);
  });

  test("of a whole object takes undefined for an option that is not given, and says where others belong", () => {
    const lenient = optionsOf(spec, { "at.inner": ["cors"] }, "absent");
    expect(lenient({ name: "a", nickname: undefined }, "")).toMatchObject({ name: "a", nickname: undefined });
    expectOptionsError(() => lenient({ name: undefined }, ""), "name", /is required/);
    expectOptionsError(() => lenient({ name: "a", cors: true }, ""), "cors", /; it belongs in at\.inner$/);
  });
});
