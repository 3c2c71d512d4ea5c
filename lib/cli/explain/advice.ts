import { HostFailure } from "../../support/host-failure.js";
import { IntrospectionUnavailableError, KeysUnavailableError } from "../../remote/errors.js";
import { TokenError, type TokenErrorCode } from "../../tokens/errors.js";

/** As `onReject` calls it. */
export type Reason = TokenErrorCode | "keys_unavailable" | "introspection_unavailable" | "user_id" | "host";

export function reasonOf(error: unknown): Reason {
  if (error instanceof TokenError || error instanceof KeysUnavailableError) return error.code;
  if (error instanceof IntrospectionUnavailableError) return error.code;
  return error instanceof HostFailure ? "host" : "user_id";
}

/** What to change. */
export const ADVICE: Readonly<Record<Reason, string>> = {
  missing: "Send the token as the login request's `token`, a string.",
  too_long: "Have the issuer put less into the token (roles, groups), or raise maxTokenLength.",
  malformed:
    "Give the whole token and nothing else: no quotes, no Bearer, no white space. Opaque tokens need introspection, encrypted ones decryption.",
  critical: "Have the issuer leave `crit` out of the header.",
  algorithm:
    "If the issuer is meant to sign so, add it to algorithms. HS* needs a secret, everything else a public key.",
  unknown_key:
    "Compare the token's kid with those of the key source, and see that the keys are of the issuer that signed it.",
  signature: "Compare the keys on both sides, and see that the token was not altered or cut on its way.",
  token_type:
    "Use the kind of token that tokenType asks for (an access token, not an ID token), or have the issuer set typ. Logout tokens, security events and DPoP proofs never log anybody in.",
  nonce: "An ID token is good for the sign-in that asked for it; start a new one.",
  expiry_missing: "Have the issuer set exp, or set requireExpiry to false where tokens that never end are wanted.",
  expiry_too_far: "Have the issuer set an earlier exp: singleUse and maxTokenLifetime say how far ahead it may be.",
  expired: "Get a fresh token. If it is fresh, set the clocks on both sides; clockTolerance takes up to 600 s.",
  not_yet_valid: "Set the clocks on both sides; clockTolerance takes up to 600 s.",
  issued_in_future:
    "Set the clocks on both sides; clockTolerance takes up to 600 s. Times are seconds, not milliseconds.",
  too_old: "Get a fresh token, or raise maxTokenAge. The issuer has to set iat.",
  invalid_time: "Have the issuer write times as numbers: seconds since 1970, not milliseconds, and without quotes.",
  issuer: "If it is the issuer that you trust, set issuer to its name to the letter; a slash at the end counts.",
  audience:
    "Have the issuer name this server in aud and set audience to that name. A token for another application should stay out.",
  sender_constrained:
    "Have the client ask for a plain bearer token (without DPoP or mutual TLS), or set allowSenderConstrained to true.",
  scope: "Have the client ask for the scope, and the issuer grant it.",
  subject: "Point subjectClaim at the claim that holds the user's name, or have the issuer set it.",
  inactive: "Get a fresh token, and see that it is of this issuer: it was revoked, has expired, or is somebody else's.",
  decryption:
    "Compare the key that the issuer encrypts to with that of decryption, and its alg and enc with those allowed.",
  unauthorized: "Your authorize function did not return true for these claims.",
  used: "Get a fresh token: with singleUse each logs in once.",
  keys_unavailable: "See that the endpoint answers this machine with a JWK Set. Until it does, logins get 503.",
  introspection_unavailable:
    "See that the endpoint answers this machine, and that the client's credentials are right. Until then, logins get 503.",
  user_id: 'See subjectFormat ("userId" for @alice:example.org), localpart ("escape" for any text) and serverName.',
  host: "A function among the options failed; logins get 500.",
};
