import { afterEach, describe, expect, jest, test } from "@jest/globals";
import { MatrixError, type JwtLogin, type JwtLoginOptions, type Logger, type RejectEvent } from "matrix-jwt-login";
import { RateLimiterRes } from "rate-limiter-flexible";

import { core, recordingLogger, submission } from "../helpers/core.js";
import { EXPRESS_VERSIONS } from "../helpers/hosts.js";
import { loginWith, type User } from "../helpers/login.js";
import { mounting } from "../helpers/mounted.js";
import { token } from "../helpers/tokens.js";
import { freshToken, refusal, scripted, statuses, statusOf, stoppedTimers, type ScriptedLimiter } from "./helpers.js";

const CONTEXT = { ip: "192.0.2.1" };

type Options = Partial<JwtLoginOptions<User>>;
type Place = readonly [name: string, options: (limiter: ScriptedLimiter) => Options];

/** Wherever a limiter can stand. */
const PLACES: readonly Place[] = [
  ["rateLimits.address", (address) => ({ rateLimits: { address } })],
  ["rateLimits.account", (account) => ({ rateLimits: { account } })],
  ["rateLimits.failures", (failures) => ({ rateLimits: { failures } })],
  ["usedTokens", (usedTokens) => ({ usedTokens })],
];

const WAYS: readonly (readonly [how: string, consume: () => unknown])[] = [
  ["rejects with an error", () => Promise.reject(new Error("no store"))],
  [
    "throws",
    () => {
      throw new Error("no store");
    },
  ],
  ["rejects with nothing", () => rejecting(undefined)],
  ["rejects with null", () => rejecting(null)],
  ["rejects with a text", () => rejecting("no store")],
  ["rejects with an empty object", () => rejecting({})],
  ["rejects with an object that says nothing of points", () => rejecting({ code: "ECONNRESET" })],
];

function rejecting(reason: unknown): Promise<never> {
  return jest.fn<() => Promise<never>>().mockRejectedValue(reason)();
}

/** A login whose limiter is this one, and that must not get past it. */
function guarded(place: Place, limiter: ScriptedLimiter, more: Options = {}): { login: JwtLogin; issued: jest.Mock } {
  const issued = jest.fn(() => ({ accessToken: "an access token" }));
  return { login: core({ singleUse: true }, { ...place[1](limiter), ...more, issueToken: issued }), issued };
}

afterEach(() => {
  jest.useRealTimers();
});

describe.each(PLACES)("a limiter at %s", (...place) => {
  test.each(WAYS)("that %s: 503, and nobody gets in", async (_, consume) => {
    const limiter = scripted();
    limiter.consume.mockImplementation(consume as () => Promise<unknown>);
    const { login, issued } = guarded(place, limiter);
    const error = await refusal(login.login(submission(), CONTEXT));
    expect(error).toBeInstanceOf(MatrixError);
    expect(error).toMatchObject({ statusCode: 503, errcode: "M_UNKNOWN", retryAfterMs: 5_000 });
    expect(issued).not.toHaveBeenCalled();
  });

  test("that never answers: 503 after two seconds, and not before", async () => {
    const { pass } = stoppedTimers();
    const limiter = scripted();
    limiter.consume.mockReturnValue(new Promise(() => undefined));
    const { login, issued } = guarded(place, limiter);
    const settled = jest.fn();
    const status = statusOf(login.login(submission(), CONTEXT)).finally(settled);
    await pass(1_999);
    expect(settled).not.toHaveBeenCalled();
    await pass(1);
    expect(await status).toBe(503);
    expect(issued).not.toHaveBeenCalled();
  });

  test("that answers leaves no timer behind", async () => {
    stoppedTimers();
    const { login } = guarded(place, scripted());
    expect(await statusOf(login.login(submission(), CONTEXT))).toBe(200);
    expect(jest.getTimerCount()).toBe(0);
  });

  test("is told to the logger when it fails and when it works again, and never with a token", async () => {
    const limiter = scripted();
    const logger = recordingLogger();
    const onReject = jest.fn<(event: RejectEvent) => void>();
    const { login } = guarded(place, limiter, { logger, onReject });
    const [one, other] = [freshToken(), freshToken()];
    const both = [submission({}, { token: one }), submission({}, { token: other })];

    limiter.consume.mockRejectedValue(new Error("no store"));
    expect(await statuses(login, both)).toEqual([503, 503]);
    expect(logger.lines).toMatchObject([
      { level: "error", message: { message: expect.stringContaining(place[0]), cause: { message: "no store" } } },
    ]);
    expect(onReject.mock.calls).toMatchObject([[{ statusCode: 503, reason: "limiter_unavailable" }], [{}]]);

    limiter.consume.mockResolvedValue(new RateLimiterRes(1, 1_000, 1, true));
    expect(await statuses(login, both)).toEqual([200, 200]);
    expect(logger.lines.slice(1)).toMatchObject([{ level: "info", message: expect.stringContaining(place[0]) }]);
    for (const secret of [one, other]) expect(everything(logger.lines)).not.toContain(secret.slice(-20));
  });

  test("that is used up works, as far as the logger is told", async () => {
    const limiter = scripted();
    const logger = recordingLogger();
    const { login } = guarded(place, limiter, { logger });
    limiter.consume.mockRejectedValueOnce(new Error("no store"));
    limiter.consume.mockRejectedValueOnce(new RateLimiterRes(0, 1_000, 2));
    await statusOf(login.login(submission(), CONTEXT));
    await statusOf(login.login(submission(), CONTEXT));
    expect(logger.lines.map(({ level }) => level)).toEqual(["error", "info"]);
  });
});

/** All that a logger could have written of these lines. */
function everything(lines: readonly { message: unknown }[]): string {
  const causes = (error: unknown): string =>
    error instanceof Error ? `${String(error.stack)} ${causes(error.cause)}` : JSON.stringify(error ?? null);
  return lines.map(({ message }) => causes(message)).join("\n");
}

describe.each(EXPRESS_VERSIONS)("a limiter that is down under %s", (_, express) => {
  const mount = mounting(express);

  test("is 503 with Retry-After, within two seconds, and works again by itself", async () => {
    const hanging = scripted();
    hanging.consume.mockReturnValueOnce(new Promise(() => undefined));
    const url = await mount({}, { rateLimits: { address: hanging } });
    const startedAt = performance.now();
    const { status, headers, body } = await loginWith(url, token());
    expect(performance.now() - startedAt).toBeLessThan(4_000);
    expect(status).toBe(503);
    expect(headers.get("Retry-After")).toBe("5");
    expect(body).toEqual({ errcode: "M_UNKNOWN", error: expect.any(String) });
    expect((await loginWith(url, token())).status).toBe(200);
  });
});

test("a logger that throws changes nothing of an outage", async () => {
  const broken = () => {
    throw new Error("the disk is full");
  };
  const logger: Logger = { debug: broken, info: broken, warn: broken, error: broken };
  const limiter = scripted();
  limiter.consume.mockRejectedValueOnce(new Error("no store"));
  const login = core({}, { rateLimits: { address: limiter }, logger });
  expect(await statuses(login, [submission(), submission()])).toEqual([503, 200]);
});
