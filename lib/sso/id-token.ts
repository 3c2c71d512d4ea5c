import type { Claims } from "../tokens/claim-rules.js";
import { TokenError } from "../tokens/errors.js";
import { peek } from "../tokens/peek.js";
import type { Proven, SecondProof } from "../tokens/proofs/reader.js";
import type { Steps } from "../tokens/steps.js";
import { assertLength, assertText, type VerifiedToken, Verifier } from "../tokens/verifier.js";
import type { Provider, SignIn } from "./parts.js";
import type { ProviderTokens } from "./provider-client.js";

/** OpenID Connect Core 1.0 section 2: longer subjects are none. Session IDs have no limit of their own. */
const MAX_SUBJECT = 255;
const MAX_SESSION_ID = 1_024;

/** What the UserInfo endpoint may add: nothing that says what the token is, for whom, and how long. */
const PROTOCOL_CLAIMS: ReadonlySet<string> = new Set(
  "iss aud exp nbf iat jti azp nonce auth_time acr amr sid at_hash c_hash s_hash cnf events typ".split(" "),
);

/** Claims of an ID token that single sign-on relies on. */
export interface IdTokenClaims extends Claims {
  readonly iss: string;
  readonly sub: string;
  readonly sid?: string;
}

/**
 * Verifies the ID token of one sign-in (OpenID Connect Core 1.0 section 3.1.3.7): by the rules of any token, and that it was
 * made for this sign-in. With `userInfo`, then asks the UserInfo endpoint.
 *
 * @throws TokenError, KeysUnavailableError, SignInError
 */
export async function verifyIdToken(
  { config, client, loginRules }: Provider,
  signIn: SignIn,
  { idToken, accessToken }: ProviderTokens,
  steps: Steps,
): Promise<VerifiedToken> {
  assertText(idToken);
  assertLength(idToken, loginRules.verifier.config.maxTokenLength);
  if (peek(idToken).shape === "encrypted") {
    throw new TokenError(
      "malformed",
      "the ID token is encrypted, which single sign-on does not take: let the provider only sign it",
    );
  }
  const secondProof: SecondProof = {
    async confirm(_, proven) {
      checkIdToken(proven.claims, config.clientId, signIn.nonce);
      if (!config.userInfo) return proven;
      const further = await client.userInfo(accessToken, proven.claims.sub as string);
      return withClaims(proven, further);
    },
  };
  return new Verifier({ ...loginRules.verifier.config, secondProof }).verify(idToken, steps);
}

function checkIdToken({ aud, azp, nonce, iat, sub, sid }: Claims, clientId: string, expectedNonce: string): void {
  if (nonce !== expectedNonce) throw new TokenError("nonce", "token was made for another sign-in (nonce)");
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  if (azp === undefined ? audiences.length > 1 : azp !== clientId) {
    throw new TokenError("audience", "token was made for another client (azp)");
  }
  if (iat === undefined) throw new TokenError("invalid_time", "token has no time of issue (iat)");
  if (typeof sub !== "string" || sub === "" || sub.length > MAX_SUBJECT) {
    throw new TokenError("subject", "token has no usable subject (sub)");
  }
  if (sid !== undefined && (typeof sid !== "string" || sid.length > MAX_SESSION_ID)) {
    throw new TokenError("malformed", "token malformed: its session ID is not a string of usual length (sid)");
  }
}

function withClaims(proven: Proven, further: Readonly<Record<string, unknown>>): Proven {
  const added = Object.entries(further).filter(([name]) => !PROTOCOL_CLAIMS.has(name));
  return { ...proven, claims: { ...Object.fromEntries(added), ...proven.claims } };
}

/**
 * Has the user signed in since they were asked to (OpenID Connect Core 1.0 section 3.1.2.1, `max_age=0`)?
 *
 * @throws TokenError
 */
export function checkSignedInSince(
  { auth_time: time }: Claims,
  startedAt: number,
  { config, loginRules }: Provider,
): void {
  if (!config.requireAuthTime) return;
  const { clockTolerance } = loginRules.verifier.config.rules;
  const now = Date.now() / 1_000;
  if (typeof time === "number" && time >= startedAt - clockTolerance && time <= now + clockTolerance) return;
  throw new TokenError("too_old", "the sign-in was not recent enough (auth_time)");
}
