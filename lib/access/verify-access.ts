import { externalIdOf, findLinked } from "../login/external-ids.js";
import { localpartIn } from "../matrix/identifiers.js";
import { localpartOf, possibleUserId } from "../matrix/subject.js";
import { Refusal } from "../support/refusal.js";
import { grantedScopes } from "../tokens/claim-rules.js";
import { STRICT, SUBJECT_OPTIONAL } from "../tokens/steps.js";
import type { VerifiedToken } from "../tokens/verifier.js";
import { isGranted } from "./device.js";
import type { BearerAuthOptions, VerifiedAccess } from "./options.js";
import { InsufficientScope } from "./refusal.js";
import type { Verified } from "./token-cache.js";
import type { TokenSource } from "./token-source.js";

export interface AccessConfig {
  readonly serverName: string;
  readonly externalIds: Exclude<BearerAuthOptions["externalIds"], false>;
}

/**
 * Verifies a token by the rules of its source: synchronous if nothing has to be asked.
 *
 * @throws TokenError, Refusal, HostFailure; KeysUnavailableError and its like
 */
export function verifyAccess(
  token: string,
  source: TokenSource,
  config: AccessConfig,
): Verified<VerifiedAccess> | Promise<Verified<VerifiedAccess>> {
  // As at a login: with linked accounts, the subject is not used.
  const isLinked = config.externalIds !== undefined && !source.own;
  const verified = source.verifier.verify(token, isLinked ? SUBJECT_OPTIONAL : STRICT);
  return verified instanceof Promise
    ? verified.then((late) => judge(late, source, config))
    : judge(verified, source, config);
}

function judge(
  token: VerifiedToken,
  source: TokenSource,
  config: AccessConfig,
): Verified<VerifiedAccess> | Promise<Verified<VerifiedAccess>> {
  const scopes = grantedScopes(token.claims);
  if (!source.requiredScopes.every((scope) => isGranted(scope, scopes))) {
    throw new InsufficientScope(source.requiredScopes);
  }
  const device = source.deviceOf(token.claims, scopes, token.introspection);
  if (device === "bad") throw new Refusal("token", "device", "token names no usable device");
  const accessOf = (userId: string, localpart: string): Verified<VerifiedAccess> => ({
    value: deepFreeze({
      userId,
      localpart,
      ...(device.id !== undefined && { deviceId: device.id }),
      scopes,
      claims: token.claims,
      ...(token.claims.exp !== undefined && { expiresAt: token.claims.exp }),
    }),
    endsAt: endOf(token, source),
    isCurrent: () => isCurrent(token, source),
  });

  const { externalIds } = config;
  if (externalIds !== undefined && !source.own) {
    const linked = async () => {
      await authorized(token, source);
      const userId = await findLinked(externalIds, externalIdOf(token), config.serverName);
      if (userId === undefined) throw new Refusal("user", "unlinked", "nobody here is linked to its identity");
      return accessOf(userId, localpartIn(userId));
    };
    return linked();
  }
  const localpart = localpartOf(token.subject, source, config.serverName);
  const access = accessOf(possibleUserId(localpart, config.serverName), localpart);
  return authorized(token, source)?.then(() => access) ?? access;
}

/** The host's function may change what it is given, as at a login; what many requests share stays as it was verified. */
function authorized(token: VerifiedToken, { verifier }: TokenSource): Promise<void> | undefined {
  if (verifier.config.authorize === undefined) return undefined;
  const claims = copyOf(token.claims);
  const { introspection: answer } = token;
  const introspection = answer === token.claims ? claims : answer && copyOf(answer);
  return verifier.authorize({ ...token, claims, introspection }, {});
}

/**
 * By the token's times, leeway included: `exp` (RFC 7519 section 4.1.4), its own and that of its introspection (RFC 7662
 * section 2.2), and `maxTokenAge`. Milliseconds.
 */
function endOf({ claims, introspection }: VerifiedToken, { verifier }: TokenSource): number {
  const { exp = Infinity, iat = Infinity } = claims;
  const answered = typeof introspection?.exp === "number" ? introspection.exp : Infinity;
  const { clockTolerance, maxTokenAge = Infinity } = verifier.config.rules;
  return (Math.min(exp, answered, iat + maxTokenAge) + clockTolerance) * 1_000;
}

/** Is the key that verified it still among those that would verify it now? Asking has them refreshed when that is due. */
function isCurrent({ verifiedBy }: VerifiedToken, { verifier }: TokenSource): boolean | Promise<boolean> {
  const { signed } = verifier.config;
  if (verifiedBy === undefined || signed === undefined) return true;
  return signed.keys.holds(verifiedBy.key);
}

/** Freezes parsed JSON, however deep: what many requests share must not change. */
function deepFreeze<T>(value: T): T {
  const left: unknown[] = [value];
  for (let one = left.pop(); one !== undefined; one = left.pop()) {
    if (typeof one !== "object" || one === null || Object.isFrozen(one)) continue;
    Object.freeze(one);
    for (const part of Object.values(one) as unknown[]) left.push(part);
  }
  return value;
}

/** Copies parsed JSON, however deep. */
function copyOf<T extends object>(value: T): T {
  const whole = { ...value };
  const left: object[] = [whole];
  for (let one = left.pop(); one !== undefined; one = left.pop()) {
    for (const name of Object.keys(one)) {
      const part = (one as Readonly<Record<string, unknown>>)[name];
      if (typeof part !== "object" || part === null) continue;
      const copy = Array.isArray(part) ? [...(part as unknown[])] : { ...part };
      // As JSON does, also for the name `__proto__`.
      Object.defineProperty(one, name, { value: copy, writable: true, enumerable: true, configurable: true });
      left.push(copy);
    }
  }
  return whole;
}
