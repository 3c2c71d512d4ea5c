import { afterEach, describe, expect, jest, test } from "@jest/globals";
import { MatrixError, type JwtLogin, type JwtLoginOptions, type Logger, type RejectEvent } from "matrix-jwt-login";
import { RateLimiterRes } from "rate-limiter-flexible";

import { core, recordingLogger, submission } from "../helpers/core.js";
import { EXPRESS_VERSIONS } from "../helpers/hosts.js";
import { loginWith, type User } from "../helpers/login.js";
import { mounting } from "../helpers/mounted.js";
import { token } from "../helpers/tokens.js";
import {
  freshToken,
  refusal,
  scripted,
  scriptedStore,
  statuses,
  statusOf,
  stoppedTimers,
  type ScriptedLimiter,
} from "./helpers.js";

const CONTEXT = { ip: "192.0.2.1" };

type Options = Partial<JwtLoginOptions<User>>;
type Call = jest.Mock<(...args: unknown[]) => Promise<unknown>>;
type Place = readonly [name: string, make: () => { readonly call: Call; readonly options: Options }];

function limiterAt(options: (limiter: ScriptedLimiter) => Options): Place[1] {
  return () => {
    const limiter = scripted();
    return { call: limiter.consume, options: options(limiter) };
  };
}

/** Wherever a limiter or a store can stand, and the call that lets a login in. */
const PLACES: readonly Place[] = [
  ["rateLimits.address", limiterAt((address) => ({ rateLimits: { address } }))],
  ["rateLimits.account", limiterAt((account) => ({ rateLimits: { account } }))],
  ["rateLimits.failures", limiterAt((failures) => ({ rateLimits: { failures } }))],
  [
    "usedTokens",
    () => {
      const usedTokens = scriptedStore();
      return { call: usedTokens.claim as unknown as Call, options: { usedTokens } };
    },
  ],
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

/** A login with a limiter or store there, that must not get past it. */
function guarded([, make]: Place, more: Options = {}): { login: JwtLogin; call: Call; issued: jest.Mock } {
  const issued = jest.fn(() => ({ accessToken: "an access token" }));
  const { call, options } = make();
  return { login: core({ singleUse: true }, { ...options, ...more, issueToken: issued }), call, issued };
}

afterEach(() => {
  jest.useRealTimers();
});

test.each(PLACES.slice(0, 3))("a limiter at %s that says no by `false` limits nothing: 503", async (...place) => {
  const logger = recordingLogger();
  const { login, call, issued } = guarded(place, { logger });
  call.mockResolvedValue(false);
  expect(await statusOf(login.login(submission(), CONTEXT))).toBe(503);
  expect(issued).not.toHaveBeenCalled();
  expect(logger.lines).toMatchObject([
    { level: "error", message: { cause: { message: expect.stringMatching(/^consume must reject with/) } } },
  ]);
  call.mockResolvedValue(undefined);
  expect(await statusOf(login.login(submission(), CONTEXT))).toBe(200);
});

describe.each(PLACES)("a limiter or store at %s", (...place) => {
  test.each(WAYS)("that %s: 503, and nobody gets in", async (_, consume) => {
    const { login, call, issued } = guarded(place);
    call.mockImplementation(consume as () => Promise<unknown>);
    const error = await refusal(login.login(submission(), CONTEXT));
    expect(error).toBeInstanceOf(MatrixError);
    expect(error).toMatchObject({ statusCode: 503, errcode: "M_UNKNOWN", retryAfterMs: 5_000 });
    expect(issued).not.toHaveBeenCalled();
  });

  test("that never answers: 503 after two seconds, and not before", async () => {
    const { pass } = stoppedTimers();
    const { login, call, issued } = guarded(place);
    call.mockReturnValue(new Promise(() => undefined));
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
    const { login } = guarded(place);
    expect(await statusOf(login.login(submission(), CONTEXT))).toBe(200);
    expect(jest.getTimerCount()).toBe(0);
  });

  test("is told to the logger when it fails and when it works again, and never with a token", async () => {
    const logger = recordingLogger();
    const onReject = jest.fn<(event: RejectEvent) => void>();
    const { login, call } = guarded(place, { logger, onReject });
    const working = await call();
    call.mockClear();
    const [one, other] = [freshToken(), freshToken()];
    const both = [submission({}, { token: one }), submission({}, { token: other })];

    call.mockRejectedValue(new Error("no store"));
    expect(await statuses(login, both)).toEqual([503, 503]);
    expect(logger.lines).toMatchObject([
      { level: "error", message: { message: expect.stringContaining(place[0]), cause: { message: "no store" } } },
    ]);
    expect(onReject.mock.calls).toMatchObject([[{ statusCode: 503, reason: "limiter_unavailable" }], [{}]]);

    call.mockResolvedValue(working);
    expect(await statuses(login, both)).toEqual([200, 200]);
    expect(logger.lines.slice(1)).toMatchObject([{ level: "info", message: expect.stringContaining(place[0]) }]);
    for (const secret of [one, other]) expect(everything(logger.lines)).not.toContain(secret.slice(-20));
  });

  test("that is used up works, as far as the logger is told", async () => {
    const logger = recordingLogger();
    const { login, call } = guarded(place, { logger });
    call.mockRejectedValueOnce(new Error("no store"));
    if (place[0] === "usedTokens") call.mockResolvedValueOnce(false);
    else call.mockRejectedValueOnce(new RateLimiterRes(0, 1_000, 2));
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
