import { describe, expect, jest, test } from "@jest/globals";
import type { RequestHandler } from "express";
import { MatrixError, type Logger } from "matrix-jwt-login";
import supertest from "supertest";

import { goodLogin, send, valuesOf, type Received, type Sending } from "../helpers/http-client.js";
import { EXPRESS_VERSIONS } from "../helpers/hosts.js";
import { serveJwks, text as textAnswer } from "../helpers/jwks-server.js";
import { LOGIN_PATH, LOGIN_TYPE, SERVER_NAME } from "../helpers/login.js";
import { hostOf, middleware, type Options } from "../helpers/test-hosts.js";
import { token } from "../helpers/tokens.js";

const submission = (fields: object): string => JSON.stringify({ type: LOGIN_TYPE, token: token(), ...fields });
const throwing = (error: unknown): Options => ({
  findUser: () => {
    throw error;
  },
});

describe.each(EXPRESS_VERSIONS)("%s", (_, express) => {
  const post = async (
    sending: Sending,
    options: Options = {},
    ...before: readonly RequestHandler[]
  ): Promise<Received> => send((await hostOf(express, ...before, middleware(options))).url, sending);

  test("a login's answer", async () => {
    const options = {
      issueToken: () => ({ accessToken: "é😀", refreshToken: "r", expiresInMs: 1 }),
      wellKnown: { a: 1 },
    };
    const app = express();
    app.use(middleware(options));
    const answer = await supertest(app).post(LOGIN_PATH).send({ type: LOGIN_TYPE, token: token(), device_id: "D" });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      user_id: `@alice:${SERVER_NAME}`,
      access_token: "é😀",
      device_id: "D",
      home_server: SERVER_NAME,
      refresh_token: "r",
      expires_in_ms: 1,
      well_known: { a: 1 },
    });
  });

  describe("every answer is JSON of the right length, and never cached", () => {
    test.each<readonly [string, number, string | undefined, string, Options]>([
      ["a login", 200, undefined, submission({ device_id: "é😀" }), {}],
      ["a bad token", 403, "M_FORBIDDEN", submission({ token: "x" }), {}],
      ["no token", 403, "M_FORBIDDEN", submission({ token: undefined }), {}],
      ["an unknown user", 403, "M_FORBIDDEN", submission({ token: token({ sub: "nobody" }) }), {}],
      ["a bad device ID", 400, "M_INVALID_PARAM", submission({ device_id: 1 }), {}],
      ["a user ID that can't be", 400, "M_INVALID_USERNAME", submission({ token: token({ sub: "a b" }) }), {}],
      ["not JSON", 400, "M_NOT_JSON", "x", { unknownLoginType: "reject" }],
      ["no object", 400, "M_BAD_JSON", "[]", { unknownLoginType: "reject" }],
      ["too long", 413, "M_TOO_LARGE", " ".repeat(65_537), { unknownLoginType: "reject" }],
      ["an unknown type", 400, "M_UNKNOWN", '{"type":"x"}', { unknownLoginType: "reject" }],
      [
        "a host's error",
        401,
        "M_USER_LOCKED",
        submission({}),
        throwing(new MatrixError("M_USER_LOCKED", "ü", { statusCode: 401 })),
      ],
      ["a host's failure", 500, "M_UNKNOWN", submission({}), throwing(new Error("a secret of the host's"))],
    ])("%s", async (_, status, errcode, body, options) => {
      const answer = await post({ body }, options);
      expect(answer.status).toBe(status);
      expect(valuesOf(answer, "Content-Type")).toEqual(["application/json"]);
      expect(valuesOf(answer, "Cache-Control")).toEqual(["no-store"]);
      expect(valuesOf(answer, "Content-Length")).toEqual([String(answer.bytes.length)]);
      expect(answer.headers).not.toHaveProperty("retry-after");
      expect(answer.headers).not.toHaveProperty("etag");
      if (errcode !== undefined) expect(answer.json).toMatchObject({ errcode, error: expect.stringMatching(/./) });
      expect(answer.text).not.toContain("a secret of the host's");
    });
  });

  test("an answer's own headers stand in the place of what was set before us", async () => {
    const before: RequestHandler = (_req, res, next) => {
      res.set({ "Content-Type": "text/html", "Cache-Control": "public", "X-Request-Id": "7" }).status(418);
      next();
    };
    const { status, headers } = await post({ body: goodLogin() }, {}, before);
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      "content-type": "application/json",
      "cache-control": "no-store",
      "x-request-id": "7",
    });
  });

  describe("errors that the host throws", () => {
    test("fields are sent along, and can't replace errcode and error", async () => {
      const fields = { soft_logout: true, errcode: "M_OTHER", error: "other" };
      const error = new MatrixError("M_UNKNOWN_TOKEN", "gone", { statusCode: 401, fields });
      const { status, json } = await post({ body: goodLogin() }, throwing(error));
      expect({ status, json }).toEqual({
        status: 401,
        json: { errcode: "M_UNKNOWN_TOKEN", error: "gone", soft_logout: true },
      });
    });

    test("fields that JSON can't hold are left out", async () => {
      const error = new MatrixError("M_OWN", "own", { fields: { big: 1n } });
      const { status, json } = await post({ body: goodLogin() }, throwing(error));
      expect({ status, json }).toEqual({ status: 403, json: { errcode: "M_OWN", error: "own" } });
    });

    test.each<readonly [string, object, string | undefined]>([
      ["whole seconds", { retryAfterMs: 2_000 }, "2"],
      ["a fraction is rounded up", { retryAfterMs: 1_001 }, "2"],
      ["less than a second", { retryAfterMs: 1 }, "1"],
      ["nothing", { retryAfterMs: 0 }, "0"],
      ["by the field", { fields: { retry_after_ms: 2_500 } }, "3"],
      ["by both", { retryAfterMs: 1_000, fields: { retry_after_ms: 9_000 } }, "1"],
      ["not there", {}, undefined],
      ["no number", { fields: { retry_after_ms: "9" } }, undefined],
      ["negative", { retryAfterMs: -1 }, undefined],
      ["endless", { retryAfterMs: Infinity }, undefined],
      ["not a number", { retryAfterMs: NaN }, undefined],
    ])("Retry-After: %s", async (_, options, expected) => {
      const error = new MatrixError("M_LIMIT_EXCEEDED", "slow down", { statusCode: 429, ...options });
      const { status, headers } = await post({ body: goodLogin() }, throwing(error));
      expect(status).toBe(429);
      expect(headers["retry-after"]).toBe(expected);
    });
  });

  test("keys that can't be had are 503, with a Retry-After in whole seconds", async () => {
    const jwks = await serveJwks();
    jwks.answer(textAnswer("", 500));
    const loginTypes = { [LOGIN_TYPE]: { jwksUri: jwks.url, audience: null } };
    const answer = await post({ body: submission({ token: token({}, { algorithm: "RS256" }) }) }, { loginTypes });
    await jwks.close();
    expect(answer).toMatchObject({ status: 503, json: { errcode: "M_UNKNOWN", error: expect.any(String) } });
    expect(answer.headers["retry-after"]).toMatch(/^[1-9][0-9]*$/);
  });

  test.each(["Bearer an-old-token", "Bearer", "Basic YTpi", "nonsense"])(
    "the header Authorization: %s is ignored",
    async (authorization) => {
      expect((await post({ body: goodLogin(), headers: { Authorization: authorization } })).status).toBe(200);
      const bad = { body: submission({ token: undefined }), headers: { Authorization: `Bearer ${token()}` } };
      expect((await post(bad)).status).toBe(403);
    },
  );

  describe("if somebody else has answered meanwhile, nothing is written and nothing breaks", () => {
    test.each([
      ["a login", (): object => ({ accessToken: "x" })],
      [
        "a refusal",
        (): object => {
          throw new MatrixError("M_LIMIT_EXCEEDED", "slow down", { statusCode: 429, retryAfterMs: 1 });
        },
      ],
    ])("%s", async (_, outcome) => {
      const error = jest.fn<Logger["error"]>();
      const logger: Logger = { debug: jest.fn(), info: jest.fn(), warn: jest.fn(), error };
      const handler = jest.fn<RequestHandler>();
      let answerNow: () => void = () => undefined;
      const { url } = await hostOf(
        express,
        (_req, res, next) => {
          answerNow = () => {
            if (!res.headersSent) res.status(503).send("timeout");
          };
          next();
        },
        middleware({
          logger,
          issueToken: () => {
            answerNow();
            return outcome() as { accessToken: string };
          },
        }),
        handler,
      );
      expect(await send(url, { body: goodLogin() })).toMatchObject({ status: 503, text: "timeout" });
      expect((await send(url, { body: goodLogin() })).headers).not.toHaveProperty("retry-after");
      expect(error).not.toHaveBeenCalled();
      expect(handler).not.toHaveBeenCalled();
    });
  });
});
