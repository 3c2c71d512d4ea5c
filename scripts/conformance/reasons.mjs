// Why an answer of the package differs from what the reference answered: the recordings' own notes, in whole sentences.

const REASONS = {
  // Let in there.
  "RFC 7515 section 4.1.11: must not be empty": "`crit` that is empty is not allowed: RFC 7515, section 4.1.11",
  "RFC 7515 section 2: base64url without padding":
    "the parts of a token are base64url without padding: RFC 7515, section 2",
  "never expires": "an `exp` of Infinity is no date, and the token would never expire",
  "times are in seconds": "an `exp` after the year 9999 is in milliseconds, and the token would never expire",
  "not a number": "`iat` is a number: RFC 7519, section 4.1.6",
  "aud must be a string or a list": "`aud` is a string or a list: RFC 7519, section 4.1.3",
  "Synapse: 500, or accepts it": "`device_id` is a string",
  "each that is given must match":
    "where `identifier` and the older `user` are both given, each must name the token's user",
  "validated if there": "`nbf` and `iat` are checked wherever they are: numbers, `nbf` passed, `iat` not in the future",
  "exp is checked whenever it is there":
    "`require_expiry: false` lets `exp` be left out; an `exp` that is there is checked",
  // Refused there.
  "Synapse's own policy for new names; the host's registerUser decides":
    "names of new users beyond the specification's grammar are the host's to refuse, in `registerUser`",
  "Synapse's own policy for new names":
    "names of new users beyond the specification's grammar are the host's to refuse, in `registerUser`",
  "a limit of Synapse's own; the host's to set":
    "how long a device's name may be is the host's to say, in `issueToken`",
  "a display name that is not a string is left out; its length is the host's to limit":
    "a display name that can't be used is left out, and the user logs in; its length is the host's to limit",
  // Refused by both, or an error of the server.
  "the spec's code for a missing parameter": "the specification's code for a missing parameter",
  "the spec's example for a login type not known": "the specification's example for a login type that is not known",
  "the spec's code for an invalid parameter": "the specification's code for an invalid parameter",
  "Synapse: 500": "a field of a wrong type is the client's error",
  "a subject is a non-empty string": "a subject that is no string names nobody: the token is refused, not its name",
  "Synapse takes localparts only": "a subject that is not a localpart is refused as any other wrong token",
  "the submission is checked before the token": "the fields of the request are checked before the token",
};

/** Of requests whose note says no more than that the package has a rule. */
const RULES = [
  [/refresh_token/, "the specification's code for an invalid parameter"],
  [/token missing/, "a login without a token is refused as one with a wrong token"],
  [
    /identifier|legacy user|both empty/,
    "whoever does not name the token's user is refused alike, whatever was sent instead",
  ],
];

/** @throws where nobody has said why: a difference without a reason is a bug of the package or of this list */
export function reasonOf({ id, why }) {
  const reason = REASONS[why] ?? RULES.find(([pattern]) => pattern.test(id))?.[1];
  if (reason === undefined)
    throw new Error(`${id} is answered in another way, and scripts/conformance/reasons.mjs does not say why`);
  return reason;
}
