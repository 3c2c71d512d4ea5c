import { assertUser } from "../login/host-callbacks.js";
import { needsLogLine } from "../matrix/host-error.js";
import { assertConnected, type ClientSignal } from "../support/client-gone.js";
import { inTime } from "../support/deadline.js";
import { HostFailure } from "../support/host-failure.js";
import { Refusal } from "../support/refusal.js";
import { TokenError } from "../tokens/errors.js";
import type { Authorization } from "./authorization.js";
import type { AccessContext, MatrixAccess, VerifiedAccess } from "./options.js";
import type { BearerConfig } from "./parse-options.js";
import { type AccessRejection, blamesToken } from "./refusal.js";
import { cacheKey, type TokenCache, type Verified } from "./token-cache.js";
import { verifyAccess } from "./verify-access.js";
import { isForeign } from "./whose.js";

/** One request on its way. */
export class AccessAttempt<Req> {
  readonly startedAt = performance.now();
  readonly context: AccessContext<Req>;
  /** Only once the token is verified. */
  userId: string | undefined;

  constructor(context: AccessContext<Req>) {
    this.context = context;
  }
}

/** Thrown if the request is somebody else's to check. */
export class Foreign extends Error {}

/** Checks requests, in this order: header, cache, limits, token, user. */
export class AccessCheck<User, Req> {
  readonly #config: BearerConfig<User, Req>;
  readonly #passesForeign: boolean;

  /** @param passesForeign - requests without a token, and tokens of somebody else, are the host's to check */
  constructor(config: BearerConfig<User, Req>, { passesForeign }: { readonly passesForeign: boolean }) {
    this.#config = config;
    this.#passesForeign = passesForeign;
  }

  ready(): Promise<void> {
    return this.#config.sources.ready();
  }

  /**
   * Synchronous if the token is known, its key in no file, and `findUser` synchronous. Throws or rejects with
   * {@link Foreign}, or anything that `rejectionOf` takes.
   */
  access(authorization: Authorization, attempt: AccessAttempt<Req>): MatrixAccess<User> | Promise<MatrixAccess<User>> {
    if (authorization.kind === "none") {
      throw this.#passesForeign ? new Foreign() : new TokenError("missing", "request has no token");
    }
    if (authorization.kind === "malformed") throw new TokenError("malformed", "the Authorization header is malformed");
    const access = this.#verified(authorization.token, attempt);
    return access instanceof Promise
      ? access.then((late) => this.#withUser(late, attempt))
      : this.#withUser(access, attempt);
  }

  /** Tells the host of a request that ended with `error`. */
  report(
    error: unknown,
    { answer, reason }: AccessRejection,
    { context, startedAt, userId }: AccessAttempt<Req>,
  ): void {
    const { logger, onReject } = this.#config;
    if (needsLogLine(answer, error)) logger.error(error);
    onReject?.({
      ...(userId !== undefined && { userId }),
      statusCode: answer.statusCode,
      errcode: answer.errcode,
      reason,
      durationMs: performance.now() - startedAt,
      ...(context.req !== undefined && { req: context.req }),
    });
  }

  #verified(token: string, attempt: AccessAttempt<Req>): VerifiedAccess | Promise<VerifiedAccess> {
    const { cache } = this.#config;
    if (cache === undefined) {
      return this.#withinLimits(token, attempt.context, () => valueOf(this.#verify(token)));
    }
    const key = cacheKey(token);
    const known = cache.find(key);
    if (!(known instanceof Promise)) return known ?? this.#verifiedNow(token, key, cache, attempt.context);
    // Node forgets the address of a connection that closes meanwhile.
    const { ip, signal } = attempt.context;
    return known.then((access) => access ?? this.#verifiedNow(token, key, cache, { ip, signal }));
  }

  /** A token that is not in the cache, or no longer. */
  #verifiedNow(
    token: string,
    key: string,
    cache: TokenCache<VerifiedAccess>,
    context: AccessContext<Req>,
  ): VerifiedAccess | Promise<VerifiedAccess> {
    const verify = () => cache.verify(key, () => this.#verify(token));
    cache.refuseInactive(key);
    const access = this.#withinLimits(token, context, () => {
      // While the limits were asked, another request may have had the token verified.
      cache.refuseInactive(key);
      const known = cache.find(key);
      return known instanceof Promise ? known.then((access) => access ?? verify()) : (known ?? verify());
    });
    return access instanceof Promise
      ? access.catch((error: unknown) => unlessShared(error, key, cache, context.signal))
      : access;
  }

  /** @throws Foreign if the token is somebody else's, which no limit counts */
  #withinLimits<T>(token: string, context: AccessContext<Req>, verify: () => T | Promise<T>): T | Promise<T> {
    const { limits, sources } = this.#config;
    if (this.#passesForeign && isForeign(token, sources.all)) throw new Foreign();
    if (limits === undefined) return verify();
    // In an async function, so that what throws rejects.
    const connected = async (): Promise<T> => {
      assertConnected(context.signal);
      return verify();
    };
    // Of who is gone, the address may be gone too.
    assertConnected(context.signal);
    return limits.admit(context.ip, connected, blamesToken);
  }

  #verify(token: string): ReturnType<typeof verifyAccess> {
    const source = this.#config.sources.for(token);
    return source instanceof Promise
      ? source.then((late) => verifyAccess(token, late, this.#config))
      : verifyAccess(token, source, this.#config);
  }

  #withUser(access: VerifiedAccess, attempt: AccessAttempt<Req>): MatrixAccess<User> | Promise<MatrixAccess<User>> {
    attempt.userId = access.userId;
    const { findUser } = this.#config;
    // Without `findUser` there is no user, and the type of `User` says so.
    if (findUser === undefined) return access as MatrixAccess<User>;
    const found = callFindUser(() => findUser(access.userId, access));
    // A database's query may be thenable and no Promise.
    return isThenable(found)
      ? Promise.resolve(found).then((user) => withUser(access, user as User), failed)
      : withUser(access, found);
  }
}

/**
 * Who has used up the limit by several requests at once with one token gets what the first of them brings: one verification is
 * one attempt.
 *
 * @param error - of the request; thrown unless that helps
 */
async function unlessShared(
  error: unknown,
  key: string,
  cache: TokenCache<VerifiedAccess>,
  signal: ClientSignal | undefined,
): Promise<VerifiedAccess> {
  if (!(error instanceof Refusal) || error.reason !== "rate_limited") throw error;
  const underWay = cache.underWay(key);
  const access = underWay && (await inTime(PATIENCE, underWay, "the other request waits").catch(() => undefined));
  const known = access ?? (await cache.find(key));
  if (known === undefined) throw error;
  assertConnected(signal);
  return known;
}

/** Seconds that a request which is over the limit waits for another one. */
const PATIENCE = 2;

function valueOf<T>(verified: Verified<T> | Promise<Verified<T>>): T | Promise<T> {
  return verified instanceof Promise ? verified.then(({ value }) => value) : verified.value;
}

function callFindUser<T>(find: () => T): T {
  try {
    return find();
  } catch (cause) {
    return failed(cause);
  }
}

function failed(cause: unknown): never {
  throw new HostFailure("findUser", cause);
}

function withUser<User>(access: VerifiedAccess, user: User | null | undefined): MatrixAccess<User> {
  if (user === null || user === undefined) throw new Refusal("user", "unknown_user", "its user does not exist");
  return Object.freeze({ ...access, user: assertUser(user, "findUser") });
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  const mayHaveMembers = (typeof value === "object" && value !== null) || typeof value === "function";
  return mayHaveMembers && typeof (value as { then?: unknown }).then === "function";
}
