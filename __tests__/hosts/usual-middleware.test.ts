import { gunzipSync } from "node:zlib";

import { describe, expect, jest, test } from "@jest/globals";
import compression from "compression";
import cors from "cors";
import type { RequestHandler } from "express";
import type express5 from "express";
import { rateLimit } from "express-rate-limit";
import helmet from "helmet";
import { MatrixError } from "matrix-jwt-login";

import { send, valuesOf, type Received, type Sending } from "../helpers/http-client.js";
import { EXPRESS_VERSIONS } from "../helpers/hosts.js";
import { LOGIN_PATH, LOGIN_TYPE } from "../helpers/login.js";
import { middleware, serveForTest, type Options } from "../helpers/test-hosts.js";
import { token } from "../helpers/tokens.js";
import { flowsOfHost, JSON_TYPE, passwordLogin, passwordSubmission, servesEveryLogin } from "./helpers/whole-host.js";

const ORIGIN = "https://app.example.org";
const honest = JSON.stringify({ type: LOGIN_TYPE, token: token(), device_id: "PHONE" });
const forged = JSON.stringify({ type: LOGIN_TYPE, token: "forged" });

/** What many hosts begin with. Everything is compressed here, however short. */
const usual = (): readonly RequestHandler[] => [
  helmet(),
  cors(),
  compression({ threshold: 0 }),
  rateLimit({ windowMs: 60_000, limit: 100, standardHeaders: "draft-8", legacyHeaders: false }),
];

async function start(express: typeof express5, ...handlers: readonly RequestHandler[]): Promise<string> {
  const app = express();
  app.set("env", "test");
  for (const handler of handlers) app.use(handler);
  app.route(LOGIN_PATH).get(flowsOfHost).post(express.json(), passwordLogin);
  return (await serveForTest(app)).url;
}

const ANSWERS: readonly (readonly [string, Sending, number])[] = [
  ["flows", { method: "GET" }, 200],
  ["a preflight", { method: "OPTIONS", headers: { "Access-Control-Request-Method": "POST" } }, 204],
  ["a login by token", { body: honest }, 200],
  ["a refused token", { body: forged }, 403],
  ["a login without a token", { body: JSON.stringify({ type: LOGIN_TYPE }) }, 403],
  ["a login by password", { body: passwordSubmission(), headers: JSON_TYPE }, 200],
  ["a wrong password", { body: passwordSubmission("x"), headers: JSON_TYPE }, 403],
];

describe.each(EXPRESS_VERSIONS)("%s", (_, express) => {
  describe.each<readonly [string, (options?: Options) => readonly RequestHandler[]]>([
    ["before the package", (options) => [...usual(), middleware(options)]],
    ["after the package", (options) => [middleware(options), ...usual()]],
    ["on both sides", (options) => [...usual().slice(0, 2), middleware(options), ...usual().slice(2)]],
  ])("helmet, cors, compression and express-rate-limit %s", (place, handlers) => {
    servesEveryLogin(() => start(express, ...handlers()));

    test.each(ANSWERS)("%s: each CORS header stands once", async (_, sending, status) => {
      const url = await start(express, ...handlers());
      const answer = await send(url, { ...sending, headers: { Origin: ORIGIN, ...sending.headers } });
      expect(answer.status).toBe(status);
      const names = answer.rawHeaders.filter((name, i) => i % 2 === 0 && /^access-control-/i.test(name));
      expect(names).toContain("Access-Control-Allow-Origin");
      expect(names).toEqual(Array.from(new Set(names)));
    });

    test.each(ANSWERS.filter(([, , status]) => status !== 204))(
      "%s: compressed or not, it is whole",
      async (_, sending) => {
        const url = await start(express, ...handlers());
        const headers = { ...sending.headers, "Accept-Encoding": "gzip" };
        const [plain, asked] = [await send(url, sending), await send(url, { ...sending, headers })];
        expect(json(asked)).toEqual(json(plain));
      },
    );

    test("headers of the host's stand on our answers if they were set before us", async () => {
      const { headers } = await send(await start(express, ...handlers()), { body: honest });
      const wanted = place === "after the package" ? undefined : "nosniff";
      expect(headers["x-content-type-options"]).toBe(wanted);
    });

    test("when to come back is said once, in whole seconds", async () => {
      const findUser = (): never => {
        throw new MatrixError("M_LIMIT_EXCEEDED", "Too many requests", { statusCode: 429, retryAfterMs: 1500 });
      };
      const answer = await send(await start(express, ...handlers({ findUser })), { body: honest });
      expect(answer.status).toBe(429);
      expect(valuesOf(answer, "Retry-After")).toEqual(["2"]);
      expect(valuesOf(answer, "Access-Control-Expose-Headers")).toEqual(["Retry-After"]);
    });
  });

  test("what compression is asked for, it does: but for flows, which must be read", async () => {
    const url = await start(express, ...usual(), middleware());
    const headers = { "Accept-Encoding": "gzip" };
    expect((await send(url, { body: honest, headers })).headers["content-encoding"]).toBe("gzip");
    expect((await send(url, { method: "GET", headers })).headers).not.toHaveProperty("content-encoding");
    expect((await send(url, { method: "GET", headers, path: "/" })).headers["content-encoding"]).toBe("gzip");
  });

  describe("a host that names its origins", () => {
    const named = cors({ origin: [ORIGIN], credentials: true, exposedHeaders: "X-Request-Id" });
    const allowed = (answer: Received): readonly string[] => valuesOf(answer, "Access-Control-Allow-Origin");

    test.each(ANSWERS)("%s: its own headers stand", async (_, sending) => {
      const url = await start(express, named, middleware());
      const answer = await send(url, { ...sending, headers: { Origin: ORIGIN, ...sending.headers } });
      expect(allowed(answer)).toEqual([ORIGIN]);
      expect(valuesOf(answer, "Access-Control-Expose-Headers")).toEqual(["X-Request-Id"]);
      expect(answer.headers.vary).toMatch(/\bOrigin\b/);
    });

    test.each(ANSWERS)("%s: other origins stay out if ours are switched off", async (_, sending) => {
      const url = await start(express, named, middleware({ cors: false }));
      const headers = { Origin: "https://evil.example.net", ...sending.headers };
      expect(allowed(await send(url, { ...sending, headers }))).toEqual([]);
    });
  });

  describe("express-rate-limit", () => {
    const limited = (more: object, ours = middleware()): Promise<string> =>
      start(
        express,
        rateLimit({ windowMs: 60_000, limit: 2, standardHeaders: "draft-8", legacyHeaders: false, ...more }),
        ours,
      );

    test("is asked before any login, and says when to come back", async () => {
      const findUser = jest.fn(() => ({ id: "alice" }));
      const message = { errcode: "M_LIMIT_EXCEEDED", error: "Too many requests" };
      const url = await limited({ message }, middleware({ findUser }));
      const answers: Received[] = [];
      for (let i = 0; i < 4; i += 1) answers.push(await send(url, { body: honest }));
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 429, 429]);
      expect(answers[2]?.json).toEqual(message);
      expect(answers[2]?.headers["retry-after"]).toMatch(/^\d+$/);
      expect(findUser).toHaveBeenCalledTimes(2);
    });

    test.each([
      ["fail", { skipSuccessfulRequests: true }, honest, forged],
      ["succeed", { skipFailedRequests: true }, forged, honest],
    ])("can count the logins that %s, and no others", async (_, options, uncounted, counted) => {
      const url = await limited(options);
      const post = async (body: string): Promise<boolean> => (await send(url, { body })).status !== 429;
      for (let i = 0; i < 4; i += 1) expect(await post(uncounted)).toBe(true);
      expect([await post(counted), await post(counted), await post(counted)]).toEqual([true, true, false]);
    });
  });
});

function json({ bytes, headers }: Received): unknown {
  const decoded = headers["content-encoding"] === "gzip" ? gunzipSync(bytes) : bytes;
  return JSON.parse(decoded.toString());
}
