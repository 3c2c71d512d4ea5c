import { jest } from "@jest/globals";
import type { JwtLogin, MatrixError, UsedTokenStore } from "matrix-jwt-login";
import { RateLimiterMemory, RateLimiterRes, type IRateLimiterOptions } from "rate-limiter-flexible";

import { rejection, submission } from "../helpers/core.js";
import { encode, token } from "../helpers/tokens.js";

type Method = (...args: unknown[]) => Promise<unknown>;

export interface ScriptedLimiter {
  readonly consume: jest.Mock<Method>;
  readonly reward: jest.Mock<Method>;
}

/** A store of used tokens that remembers nothing: a test says what it answers. */
export interface ScriptedStore {
  readonly claim: jest.Mock<(key: string, seconds: number) => Promise<boolean>>;
  readonly release: jest.Mock<(key: string) => Promise<void>>;
}

export function scriptedStore(): ScriptedStore {
  return {
    claim: jest.fn<(key: string, seconds: number) => Promise<boolean>>().mockResolvedValue(true),
    release: jest.fn<(key: string) => Promise<void>>().mockResolvedValue(undefined),
  };
}

/** A store of used tokens for several logins, that forgets nothing by itself. */
export function sharedStore(): UsedTokenStore & { readonly keys: ReadonlyMap<string, number> } {
  const keys = new Map<string, number>();
  return {
    keys,
    claim: (key, seconds) => !keys.has(key) && keys.set(key, seconds).has(key),
    release: (key) => {
      keys.delete(key);
    },
  };
}

/** A limiter by its shape alone, that lets everything in unless a test says otherwise. */
export function scripted(): ScriptedLimiter {
  return {
    consume: jest.fn<Method>().mockResolvedValue(new RateLimiterRes(1, 1_000, 1, true)),
    reward: jest.fn<Method>().mockResolvedValue(undefined),
  };
}

/** A limiter of rate-limiter-flexible with ten points a minute. */
export function limiter(options: Partial<IRateLimiterOptions> = {}): RateLimiterMemory {
  return new RateLimiterMemory({ points: 10, duration: 60, ...options });
}

/** What a limiter rejects with when it is used up. */
export function usedUp(msBeforeNext: unknown = 1_500, consumedPoints = 0): RateLimiterRes {
  return new RateLimiterRes(0, msBeforeNext as number, consumedPoints);
}

/** What was asked for with which key, of one method. */
export function keysOf(method: jest.Mock<Method>): unknown[] {
  return method.mock.calls.map(([key]) => key);
}

/** The statuses of logins with these submissions, one after the other. */
export async function statuses(
  login: JwtLogin,
  submissions: readonly object[],
  context: { ip?: string } = { ip: "192.0.2.1" },
): Promise<number[]> {
  const all: number[] = [];
  for (const one of submissions) all.push(await statusOf(login.login(one, context)));
  return all;
}

/** 200, or that of the error. */
export async function statusOf(login: Promise<unknown>): Promise<number> {
  return login.then(
    () => 200,
    (error: unknown) => (error as MatrixError).statusCode,
  );
}

/** The error of a login that is refused. */
export async function refusal(login: Promise<unknown>): Promise<MatrixError> {
  return (await rejection(login)) as MatrixError;
}

/** A submission whose token is signed by somebody else. */
export function forged(): Record<string, unknown> {
  const [header = "", payload = ""] = token().split(".");
  return submission({}, { token: `${header}.${payload}.${encode("somebody else's")}` });
}

/** Stops the timers, for tests that need not wait to know that something waits. */
export function stoppedTimers(): { readonly pass: (ms: number) => Promise<void> } {
  jest.useFakeTimers({ doNotFake: ["Date", "hrtime", "nextTick", "performance", "queueMicrotask", "setImmediate"] });
  return { pass: (ms) => jest.advanceTimersByTimeAsync(ms) };
}

let serial = 0;

/** An honest token that is like no other. */
export function freshToken(claims: Readonly<Record<string, unknown>> = {}): string {
  serial += 1;
  return token({ jti: `${String(process.pid)}-${String(Date.now())}-${String(serial)}`, ...claims });
}
