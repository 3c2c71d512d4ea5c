import { describe, expect, jest, test } from "@jest/globals";
import type { IssuedToken, VerifiedLogin } from "matrix-jwt-login";

import { core, rejection } from "../helpers/core.js";
import { EXPRESS_VERSIONS } from "../helpers/hosts.js";
import { LOGIN_PATH, LOGIN_TYPE, loginWith, type User } from "../helpers/login.js";
import { mounting } from "../helpers/mounted.js";
import { token } from "../helpers/tokens.js";

type IssueToken = (user: User, login: VerifiedLogin) => IssuedToken;

const NOT_TEXT: readonly (readonly [string, unknown])[] = [
  ["a number", 1],
  ["0", 0],
  ["true", true],
  ["false", false],
  ["a list", []],
  ["a list of text", ["A"]],
  ["an object", {}],
  ["a text with NUL", "A\0B"],
  ["a lone high surrogate", "A\ud800"],
  ["a lone low surrogate", "\udc00A"],
];
const EMPTY: readonly (readonly [string, unknown])[] = [
  ["missing", undefined],
  ["null", null],
  ["empty", ""],
];

describe.each(EXPRESS_VERSIONS)("a login's fields under %s", (_, express) => {
  const mount = mounting(express);

  async function fieldsOf(more: object) {
    const issueToken = jest.fn<IssueToken>().mockReturnValue({ accessToken: "an access token" });
    const answer = await loginWith(await mount({}, { issueToken }), token(), more);
    return { answer, login: issueToken.mock.calls[0]?.[1] };
  }

  describe("device_id", () => {
    test.each(EMPTY)("is made if it is %s", async (_, deviceId) => {
      const { answer, login } = await fieldsOf({ device_id: deviceId });
      expect(answer.body["device_id"]).toMatch(/^[A-Z]{10}$/);
      expect(login).toMatchObject({ deviceId: answer.body["device_id"], deviceIdGiven: false });
    });

    test.each([
      ["a word", "GHTYAJCE"],
      ["a single character", "0"],
      ["512 characters", "d".repeat(512)],
      ["512 emoji", "😀".repeat(512)],
      ["spaces and control characters", " \t\u0001 "],
      ["what a URL would escape", "a/b?c#d%e"],
      ["a name that every object has", "__proto__"],
    ])("is kept if it is %s", async (_, deviceId) => {
      const { answer, login } = await fieldsOf({ device_id: deviceId });
      expect(answer.body["device_id"]).toBe(deviceId);
      expect(login).toMatchObject({ deviceId, deviceIdGiven: true });
    });

    test.each([
      ...NOT_TEXT,
      ["513 characters", "d".repeat(513)],
      ["513 emoji", "😀".repeat(513)],
      ["10,000 characters", "d".repeat(10_000)],
    ] as const)("is 400 if it is %s", async (_, deviceId) => {
      const { answer, login } = await fieldsOf({ device_id: deviceId });
      expect(answer.status).toBe(400);
      expect(answer.body).toEqual({ errcode: "M_INVALID_PARAM", error: expect.stringContaining("device_id") });
      expect(login).toBeUndefined();
    });
  });

  describe("initial_device_display_name", () => {
    test.each(EMPTY)("is left out if it is %s", async (_, name) => {
      const { answer, login } = await fieldsOf({ initial_device_display_name: name });
      expect(answer.status).toBe(200);
      expect(login).not.toHaveProperty("initialDeviceDisplayName");
    });

    test.each(["Phone", "📱 de Zoë", "n".repeat(5_000)])("is handed on: %.20s", async (name) => {
      const { login } = await fieldsOf({ initial_device_display_name: name });
      expect(login).toHaveProperty("initialDeviceDisplayName", name);
    });

    test.each(NOT_TEXT)("is 400 if it is %s", async (_, name) => {
      const { answer, login } = await fieldsOf({ initial_device_display_name: name });
      expect(answer.status).toBe(400);
      expect(answer.body).toEqual({
        errcode: "M_INVALID_PARAM",
        error: expect.stringContaining("initial_device_display_name"),
      });
      expect(login).toBeUndefined();
    });
  });

  describe("refresh_token", () => {
    test.each([
      [undefined, false],
      [false, false],
      [true, true],
    ])("is handed on: %s", async (asked, refreshToken) => {
      const { answer, login } = await fieldsOf({ refresh_token: asked });
      expect(answer.status).toBe(200);
      expect(login).toHaveProperty("refreshToken", refreshToken);
    });

    test.each<[unknown]>([[null], ["true"], [""], [1], [0], [[]], [{}]])("is 400 if it is %j", async (asked) => {
      const { answer, login } = await fieldsOf({ refresh_token: asked });
      expect(answer.status).toBe(400);
      expect(answer.body).toEqual({ errcode: "M_INVALID_PARAM", error: expect.stringContaining("refresh_token") });
      expect(login).toBeUndefined();
    });
  });

  test("that nobody knows are ignored", async () => {
    const { answer } = await fieldsOf({ password: 1, "org.example.x": { y: null }, address: [], constructor: "x" });
    expect(answer.status).toBe(200);
  });

  test("are no others than its own: what __proto__ holds is not looked at", async () => {
    const url = await mount({ identifier: "match" }, { unknownLoginType: "reject" });
    const post = async (json: string) => (await fetch(url + LOGIN_PATH, { method: "POST", body: json })).status;
    const honest = JSON.stringify({ type: LOGIN_TYPE, token: token() });
    const hidden = '"__proto__":{"device_id":1,"user":"bob","identifier":{"user":"bob"}}';
    expect(await post(honest.replace("{", `{${hidden},`))).toBe(200);
    expect(await post(`{"__proto__":${honest}}`)).toBe(400);
    expect(await post(honest.replace("{", `{"identifier":{"__proto__":{"type":"m.id.user","user":"bob"}},`))).toBe(200);
  });
});

describe("a submission that can't be right", () => {
  const type = LOGIN_TYPE;

  test.each<[string, unknown, string, string]>([
    ["null", null, "M_BAD_JSON", "Content must be a JSON object"],
    ["a text", "login", "M_BAD_JSON", "Content must be a JSON object"],
    ["a number", 5, "M_BAD_JSON", "Content must be a JSON object"],
    ["nothing", undefined, "M_BAD_JSON", "Content must be a JSON object"],
    ["a list", [{ type }], "M_BAD_JSON", "Content must be a JSON object"],
    ["without a type", {}, "M_MISSING_PARAM", "Missing login type"],
    ["with a number for a type", { type: 5 }, "M_INVALID_PARAM", "type must be a string"],
    ["with null for a type", { type: null }, "M_INVALID_PARAM", "type must be a string"],
    ["with a type that is not there", { type: "m.other" }, "M_UNKNOWN", "Unknown login type"],
    [
      "with a device ID that is too long",
      { type, device_id: "d".repeat(513) },
      "M_INVALID_PARAM",
      "device_id must be at most 512 characters",
    ],
    ["with a number for a device ID", { type, device_id: 5 }, "M_INVALID_PARAM", "device_id must be a string"],
    [
      "with NUL in a device ID",
      { type, device_id: "\0" },
      "M_INVALID_PARAM",
      "device_id must be text without NUL and lone surrogates",
    ],
    [
      "with a number for a name",
      { type, initial_device_display_name: 5 },
      "M_INVALID_PARAM",
      "initial_device_display_name must be a string",
    ],
    [
      "with a text for refresh_token",
      { type, refresh_token: "x" },
      "M_INVALID_PARAM",
      "refresh_token must be a boolean",
    ],
  ])("is 400 and told what is wrong: %s", async (_, json, errcode, message) => {
    expect(await rejection(core().login(json))).toMatchObject({ statusCode: 400, errcode, message });
  });
});
