import { describe, expect, test } from "@jest/globals";
import { matrixBearerAuth, matrixJwtLogin, type RateLimits } from "matrix-jwt-login";

import { recordingLogger } from "../helpers/core.js";
import { goodLogin, send } from "../helpers/http-client.js";
import { EXPRESS_VERSIONS } from "../helpers/hosts.js";
import { SECRET } from "../helpers/keys.js";
import { optionsWith } from "../helpers/login.js";
import { serveForTest } from "../helpers/test-hosts.js";
import { keysOf, scripted } from "./helpers.js";

describe.each(EXPRESS_VERSIONS)("behind a proxy, under %s", (_, express) => {
  async function told(trustProxy: unknown, rateLimits: RateLimits | undefined, header?: string): Promise<number> {
    const logger = recordingLogger();
    const app = express();
    if (trustProxy !== undefined) app.set("trust proxy", trustProxy);
    app.use(matrixJwtLogin(optionsWith({}, { logger, ...(rateLimits && { rateLimits }) })));
    const { url } = await serveForTest(app);
    const headers = header === undefined ? {} : { "X-Forwarded-For": header };
    for (let i = 0; i < 3; i += 1) expect((await send(url, { headers, body: goodLogin() })).status).toBe(200);
    expect(
      logger.lines.every(({ level, message }) => level === "warn" && String(message).includes("trust proxy")),
    ).toBe(true);
    return logger.lines.length;
  }

  test("it is not told of the host's own logins", async () => {
    const logger = recordingLogger();
    const app = express();
    app.use(matrixJwtLogin(optionsWith({}, { logger, rateLimits: { address: scripted() } })));
    const { url } = await serveForTest(app);
    const body = JSON.stringify({ type: "m.login.password" });
    expect((await send(url, { headers: { "X-Forwarded-For": "192.0.2.1" }, body })).status).toBe(404);
    expect(logger.lines).toEqual([]);
  });

  test.each([
    ["the address limit", () => ({ address: scripted() })],
    ["the limit of failures", () => ({ failures: scripted() })],
  ])("that is not trusted, the logger is told once: %s", async (_name, limits) => {
    expect(await told(undefined, limits(), "192.0.2.1")).toBe(1);
    expect(await told(false, limits(), "192.0.2.1")).toBe(1);
    expect(await told(0, limits(), "192.0.2.1")).toBe(1);
  });

  test.each([true, 1, "loopback", ["loopback"], () => true])("that is trusted (%p), it is not", async (trustProxy) => {
    const address = scripted();
    expect(await told(trustProxy, { address }, "192.0.2.7")).toBe(0);
    expect(new Set(keysOf(address.consume))).toEqual(new Set(["address:192.0.2.7"]));
  });

  test("that is not trusted, the logger is told once by the check of access tokens, of tokens that are counted", async () => {
    for (const [options, lines] of [
      [{ rateLimits: { failures: scripted() } }, 1],
      [{ rateLimits: { failures: scripted() }, clientAddress: () => "192.0.2.1" }, 0],
      [{}, 0],
    ] as const) {
      const logger = recordingLogger();
      const app = express();
      const tokens = { secret: SECRET, tokenType: "at+jwt" };
      app.use(matrixBearerAuth({ serverName: "example.org", tokens, logger, ...options }));
      const { url } = await serveForTest(app);
      const headers = { "X-Forwarded-For": "192.0.2.1", Authorization: "Bearer a.b.c" };
      for (let i = 0; i < 3; i += 1) expect((await send(url, { method: "GET", headers })).status).toBe(401);
      expect(logger.lines.map(({ message }) => message)).toEqual(
        Array.from({ length: lines }, () => expect.stringMatching(/X-Forwarded-For.*"trust proxy"/)),
      );
    }
  });

  test("it is not where nothing is counted by address, or no proxy says who asks", async () => {
    expect(await told(undefined, undefined, "192.0.2.1")).toBe(0);
    expect(await told(undefined, { account: scripted() }, "192.0.2.1")).toBe(0);
    expect(await told(undefined, { address: scripted() })).toBe(0);
  });
});
