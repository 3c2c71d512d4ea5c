import type { LoginTypeOptions } from "../../login/login-type.js";
import { parseUserId } from "../../matrix/identifiers.js";
import { oneOf, text } from "../../support/checks.js";
import type { Inner } from "../../support/options.js";
import { OptionsError } from "../../support/options-error.js";
import { ALGORITHMS, isHmac } from "../../tokens/algorithms.js";
import type { Claims } from "../../tokens/claim-rules.js";
import { authorizeBy } from "../../tokens/migrated-authorize.js";
import { type SettingsReader, yamlFlag } from "../yaml.js";
import { settings } from "./settings.js";

const COMMON_NAMES = ["secret", "keyfile", "algorithm", "allow_registration"] as const;

export const JWT_NAMES: readonly string[] = [...COMMON_NAMES, "require_expiry"];

/** A UUID by RFC 4122, in lower case, at the end of a localpart. */
const UUID_AT_END = /[\da-f]{8}-[\da-f]{4}-[0-5][\da-f]{3}-[089ab][\da-f]{3}-[\da-f]{12}$/;

/** The settings of `jwt` as a login type. */
export function jwtLoginType(value: unknown, path: string): LoginTypeOptions {
  return loginTypeOf(settings(value, path, JWT_NAMES));
}

/** Of the configuration as the module's first versions had it. */
export const FLAT_NAMES: readonly string[] = [...COMMON_NAMES, "require_expiracy"];

/**
 * The configuration as the module's first versions had it.
 *
 * @param inner - names that belong in a part, by that part
 */
export function flatJwtLoginType(config: unknown, inner: Inner): LoginTypeOptions {
  return loginTypeOf(settings(config, "", FLAT_NAMES, inner));
}

/** `sub` a localpart or full user ID, `identifier.user` required and the same user, 60 s of leeway, any `aud`. */
function loginTypeOf(options: SettingsReader): LoginTypeOptions {
  const algorithm = options.optional("algorithm", oneOf(ALGORITHMS), "HS512");
  return {
    ...keySource(options, isHmac(algorithm)),
    algorithms: [algorithm],
    subjectFormat: "either",
    identifier: "require",
    audience: null,
    displayNameClaim: "displayname",
    requireExpiry: options.optional("require_expiry", yamlFlag, options.optional("require_expiracy", yamlFlag, true)),
    clockTolerance: 60,
    allowRegistration: options.optional("allow_registration", yamlFlag, false),
    authorize: authorizeBy([["a token of type chatbox needs a localpart that ends in a UUID", isValidChatboxSubject]]),
  };
}

function keySource(options: SettingsReader, isSecret: boolean): { secret: string } | { keyFile: string } {
  const secret = options.optional("secret", text);
  const keyFile = options.optional("keyfile", text);
  if (secret !== undefined && keyFile !== undefined) {
    throw new OptionsError(options.at("keyfile"), "cannot be combined with secret; give one of them");
  }
  if (keyFile !== undefined) {
    if (!isSecret) return { keyFile };
    throw new OptionsError(
      options.at("algorithm"),
      "must be that of the key file's key, e.g. RS256; HS* is for a secret",
    );
  }
  if (secret === undefined) throw new OptionsError(options.at("secret"), "is required, or keyfile");
  if (isSecret) return { secret };
  throw new OptionsError(options.at("algorithm"), "must be HS256, HS384 or HS512 for a secret");
}

/** A token of type "chatbox" is good only for a user whose localpart ends in a UUID. */
function isValidChatboxSubject({ type, sub }: Claims): boolean {
  if (type !== "chatbox") return true;
  const subject = String(sub);
  return UUID_AT_END.test(parseUserId(subject)?.localpart ?? subject);
}
