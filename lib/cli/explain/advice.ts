import type { RejectReason } from "../../login/options.js";
import { rejectionOf } from "../../login/refusal.js";
import { UnavailableError } from "../../remote/errors.js";
import { type Algorithm, ALGORITHMS, isHmac } from "../../tokens/algorithms.js";
import { printable } from "../show.js";

/** A reason, by the name that `onReject` reports, except those that only a running login can meet. */
export type Reason = Exclude<
  RejectReason,
  | "submission"
  | "identifier"
  | "device"
  | "login_token"
  | "rate_limited"
  | "limiter_unavailable"
  | "provider_unavailable"
>;

export function reasonOf(error: unknown): Reason {
  return rejectionOf(error).reason as Reason;
}

/** What advice may depend on. */
export interface AdviceFacts {
  /** The header's `alg`. */
  readonly alg: unknown;
  /** What the keys may verify. */
  readonly possible: ReadonlySet<Algorithm>;
}

/** What an operator is told of an outage, beside the message. */
export function operatorDetail(error: unknown): readonly string[] {
  const isOutage = error instanceof UnavailableError;
  return isOutage ? [printable(error.detail)] : [];
}

/** What to change. */
export function adviceFor(error: unknown, facts: AdviceFacts = { alg: undefined, possible: new Set() }): string {
  const advice = ADVICE[reasonOf(error)];
  return typeof advice === "string" ? advice : advice(facts);
}

const ADVICE: Readonly<Record<Reason, string | ((facts: AdviceFacts) => string)>> = {
  missing: "Send the token as the login request's `token`, a string.",
  too_long: "Have the issuer put less into the token (roles, groups), or raise maxTokenLength.",
  malformed:
    "Give the whole token, as it was signed. Opaque tokens need the option introspection, and encrypted ones decryption.",
  critical: "Have the issuer leave `crit` out of the header.",
  algorithm: algorithmAdvice,
  unknown_key:
    "Compare the token's kid with those of the key source, and see that the keys are of the issuer that signed it.",
  signature:
    "Compare the keys on both sides, and see that the token was not altered or cut on its way. While a secret is being rotated, give both: the new one, then the old one.",
  token_type:
    "Use an access token, or the kind that tokenType asks for; no ID token and no refresh token is one. Or have the issuer set typ. Logout tokens, security events and DPoP proofs never log anybody in.",
  nonce: "An ID token is good for the sign-in that asked for it; start a new one.",
  expiry_missing: "Have the issuer set exp, or set requireExpiry to false where tokens that never end are wanted.",
  expiry_too_far: "Have the issuer set an earlier exp: singleUse and maxTokenLifetime say how far ahead it may be.",
  expired: "Get a fresh token. If it is fresh, set the clocks on both sides; clockTolerance takes up to 600 s.",
  not_yet_valid: "Set the clocks on both sides; clockTolerance takes up to 600 s.",
  issued_in_future:
    "Set the clocks on both sides; clockTolerance takes up to 600 s. Times are seconds, not milliseconds.",
  too_old: "Get a fresh token, or raise maxTokenAge. The issuer has to set iat.",
  invalid_time: "Have the issuer write times as numbers: seconds since 1970, not milliseconds, and without quotes.",
  issuer:
    "If it is the issuer that you trust, set issuer to its name to the letter; a slash at the end counts. If the token names none, have its issuer set iss.",
  audience:
    "Have the issuer name this server in aud and set audience to that name. A token for another application should stay out.",
  sender_constrained:
    "Have the client ask for a plain bearer token (without DPoP or mutual TLS), or set allowSenderConstrained to true.",
  scope: "Have the client ask for the scope, and the issuer grant it.",
  subject: "Point subjectClaim at the claim that holds the user's name, or have the issuer set it.",
  inactive: "Get a fresh token, and see that it is of this issuer: it was revoked, has expired, or is somebody else's.",
  decryption:
    "Compare the key that the issuer encrypts to with that of decryption, and its alg and enc with those allowed.",
  unauthorized: "Your authorize function did not return true for these claims. The command decode shows them.",
  used: "Get a fresh token: with singleUse each logs in once.",
  keys_unavailable:
    "See that the endpoint answers this machine with a JWK Set. With discover, compare the issuer too. Until it does, logins get 503.",
  introspection_unavailable:
    "See that the endpoint answers this machine, and that the client's credentials are right. Until then, logins get 503.",
  unlinked:
    'Link the account to the identity first, or set externalIds.existingUsers to "link", if no name is ever given to somebody else.',
  unknown_user:
    "Make the user first, or set allowRegistration to true and give the callback registerUser; nobody is registered for an identity that is linked.",
  user_id:
    'See subjectFormat ("userId" for @alice:example.org), localpart ("lowercase" for A-Z, "escape" for any text) and serverName.',
  host: "A function among the options failed; logins get 500.",
};

function algorithmAdvice({ alg, possible }: AdviceFacts): string {
  const algorithm = ALGORITHMS.find((name) => name === alg);
  if (algorithm === undefined)
    return `Have the issuer sign with an algorithm that can be used here: ${[...possible].join(", ")}.`;
  if (possible.has(algorithm)) return `If the issuer is meant to sign so, add "${algorithm}" to algorithms.`;
  return isHmac(algorithm)
    ? "A shared secret is needed to verify it (secret), and public keys are given."
    : "The issuer's public key is needed to verify it (jwksUri, discover, publicKey, keyFile), and it fits none that is given.";
}
