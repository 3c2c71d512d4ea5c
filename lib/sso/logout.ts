import { assertRememberable } from "../login/single-use.js";
import { UnavailableError } from "../remote/errors.js";
import { within } from "../remote/request.js";
import { callHost } from "../support/host-failure.js";
import { isJsonObject } from "../support/json.js";
import { Refusal } from "../support/refusal.js";
import { longestAccepted } from "../tokens/by-issuer.js";
import { mediaType } from "../tokens/claim-options.js";
import { CLAIM_RULES, type Claims, LOGOUT_EVENT } from "../tokens/claim-rules.js";
import { parseCompact, unverifiedClaims } from "../tokens/compact.js";
import { TokenError } from "../tokens/errors.js";
import type { Proven } from "../tokens/proofs/reader.js";
import { STRICT } from "../tokens/steps.js";
import { assertLength } from "../tokens/verifier.js";
import type { SsoAnswer } from "./answer.js";
import { useName } from "./login-tokens.js";
import type { BackchannelLogoutOptions, SsoLogout } from "./options.js";
import type { Provider, SsoParts, SsoRequest } from "./parts.js";
import type { SealedTimes } from "./seal.js";

/** Section 2.4: explicitly typed tokens, and those from before there were any. */
const TYPES = ["application/logout+jwt", "application/jwt"];

/** OpenID Connect Back-Channel Logout 1.0, section 2.5 to 2.8. */
export async function backchannelLogout<Req>(
  parts: SsoParts<Req>,
  { form }: SsoRequest<Req>,
  { endSessions }: BackchannelLogoutOptions,
): Promise<SsoAnswer> {
  try {
    const [token, second] = form?.getAll("logout_token") ?? [];
    if (token === undefined || second !== undefined) throw new TokenError("missing", "there must be one logout_token");
    const all = providersNamedIn(parts, token).map((provider) => loggedOut(parts, provider, token, endSessions));
    const failures = (await Promise.allSettled(all)).flatMap((one) =>
      one.status === "rejected" ? [one.reason as unknown] : [],
    );
    const faults = failures.filter((one) => !(one instanceof TokenError));
    // A provider's refusal counts only if all of them refuse the token.
    const areRefusals = faults.length === 0 && failures.length === all.length;
    const [failure, ...others] = areRefusals ? failures.slice(0, 1) : faults;
    for (const other of others) report(parts, other);
    if (failure !== undefined) throw failure as Error;
    return answer(200);
  } catch (error) {
    if (error instanceof TokenError) {
      parts.logger.info(`matrix-jwt-login: a back-channel logout was refused: ${error.message}`);
      return answer(400, { error: "invalid_request", error_description: error.message });
    }
    report(parts, error);
    return unavailable();
  }
}

/** What has no log line of its own yet. */
function report<Req>({ logger }: SsoParts<Req>, error: unknown): void {
  if (!(error instanceof UnavailableError || error instanceof Refusal)) logger.error(error);
}

/** Ends the sessions of one provider, once for a token. */
async function loggedOut<Req>(
  parts: SsoParts<Req>,
  provider: Provider,
  token: string,
  endSessions: BackchannelLogoutOptions["endSessions"],
): Promise<void> {
  const { claims, logout } = await verified(provider, token);
  const { clockTolerance } = provider.loginRules.verifier.config.rules;
  const name = useName("logout", provider.config.id, logout.issuer, claims.jti as string);
  const end = () => callHost("sso.backchannelLogout.endSessions", () => endSessions(logout));
  // A provider that did not wait for the answer asks again: what is under way is not done.
  const begin = () => parts.gate.once(name, claims as SealedTimes, clockTolerance, end).catch(doneBefore);
  const underWay = parts.logouts.get(name);
  await (underWay === undefined ? parts.logouts.share(name, begin) : within(PATIENCE, () => underWay));
}

/** Seconds that a repeated request waits for a logout that is still under way. */
const PATIENCE = 10;

/** The provider asks again if it missed our answer. */
function doneBefore(error: unknown): void {
  if (!(error instanceof TokenError)) throw error;
  // Its times were good a moment ago, so the clock was set back: in a while it is known that it was not used before.
  if (error.code !== "used") throw new Error("matrix-jwt-login: the clock was set back", { cause: error });
}

interface VerifiedLogout {
  readonly claims: Claims;
  readonly logout: SsoLogout;
}

async function verified(provider: Provider, token: string): Promise<VerifiedLogout> {
  const { reader, maxTokenLength } = provider.loginRules.verifier.config;
  assertLength(token, maxTokenLength);
  const proven = await reader.read(token, STRICT);
  checkLogoutToken(proven, provider);
  const { claims } = proven;
  return { claims, logout: logoutOf(claims, provider) };
}

/** Whose token it says it is, which is not proven yet. Several providers may be one client: it does not say which of them it means. */
function providersNamedIn<Req>({ providers }: SsoParts<Req>, token: string): readonly Provider[] {
  const all = [...providers.values()];
  assertLength(token, longestAccepted(all.map(({ loginRules }) => loginRules)));
  const { iss, aud } = unverifiedClaims(parseCompact(token));
  const audiences = [aud].flat();
  const fitting = all.filter(({ config }) => iss === config.issuer && audiences.includes(config.clientId));
  if (fitting.length > 0) return fitting;
  throw new TokenError("issuer", "token is of no provider here (iss, aud)");
}

/** Section 2.6. */
function checkLogoutToken(proven: Proven, { loginRules }: Provider): void {
  const { claims, typ } = proven;
  const { rules } = loginRules.verifier.config;
  const now = Date.now() / 1_000;
  for (const rule of [CLAIM_RULES.exp, CLAIM_RULES.nbf, CLAIM_RULES.iat, CLAIM_RULES.iss, CLAIM_RULES.aud]) {
    rule(proven, rules, now);
  }
  if (typ !== undefined && !(typeof typ === "string" && TYPES.includes(mediaType(typ)))) {
    throw new TokenError("token_type", "token is no logout token (typ)");
  }
  assertRememberable(claims, now);
  if (claims.iat === undefined) throw new TokenError("invalid_time", "token has no time of issue (iat)");
  const { events } = claims;
  if (!isJsonObject(events) || !Object.hasOwn(events, LOGOUT_EVENT) || !isJsonObject(events[LOGOUT_EVENT])) {
    throw new TokenError("token_type", "token is no logout token (events)");
  }
  if ("nonce" in claims) throw new TokenError("token_type", "token is no logout token (nonce)");
  if (!isText(claims.jti)) throw new TokenError("malformed", "token malformed: it has no ID (jti)");
}

function logoutOf({ sub, sid, iss }: Claims, { config }: Provider): SsoLogout {
  for (const claim of [sub, sid]) {
    if (claim !== undefined && !isText(claim))
      throw new TokenError("subject", "token has no usable subject (sub, sid)");
  }
  if (sub === undefined && sid === undefined) throw new TokenError("subject", "token names no session (sub, sid)");
  return {
    provider: config.id,
    issuer: iss as string,
    ...(sub !== undefined && { subject: sub as string }),
    ...(sid !== undefined && { sessionId: sid as string }),
  };
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function unavailable(): SsoAnswer {
  const description = "try again later";
  return answer(503, { error: "temporarily_unavailable", error_description: description }, { "Retry-After": "5" });
}

function answer(status: number, body?: object, headers: Readonly<Record<string, string>> = {}): SsoAnswer {
  const type = body === undefined ? {} : { "Content-Type": "application/json" };
  return {
    status,
    headers: { "Cache-Control": "no-store", ...type, ...headers },
    body: body === undefined ? "" : JSON.stringify(body),
  };
}
