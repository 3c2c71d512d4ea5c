import { flag, objectWith, oneOf, OptionReader, text } from "../support/checks.js";
import { OptionsError } from "../support/options-error.js";
import { ALGORITHMS, isHmac } from "../tokens/readers/algorithms.js";
import type { Claims } from "../tokens/claims.js";
import { parseUserId } from "../matrix/identifiers.js";
import type { LoginTypeOptions } from "../login/login-type.js";
import { withoutNulls } from "./yaml.js";

/** The `jwt` part of Synapse Token Authenticator's configuration. */
export interface TokenAuthenticatorJwtConfig {
  /** Either this, or `keyfile`. */
  readonly secret?: string | null;
  /** Path of a PEM public key. */
  readonly keyfile?: string | null;
  /**
   * The one algorithm. That of a key file must be said.
   *
   * @defaultValue `"HS512"`
   */
  readonly algorithm?: string | null;
  /**
   * As the option `allowRegistration`.
   *
   * @defaultValue `false`
   */
  readonly allow_registration?: boolean | null;
  /**
   * As the option `requireExpiry`.
   *
   * @defaultValue `true`
   */
  readonly require_expiry?: boolean | null;
}

/** The module's configuration: with `jwt`, or flat as its first versions had it. */
export type TokenAuthenticatorConfig =
  | {
      /** The part on tokens that are JWTs. */
      readonly jwt: TokenAuthenticatorJwtConfig;
    }
  | (Omit<TokenAuthenticatorJwtConfig, "require_expiry"> & {
      /**
       * As `require_expiry`, in the spelling of those versions.
       *
       * @defaultValue `true`
       */
      readonly require_expiracy?: boolean | null;
    });

const COMMON_NAMES = ["secret", "keyfile", "algorithm", "allow_registration"] as const;

/** A UUID by RFC 4122, in lower case, at the end of a localpart. */
const UUID_AT_END = /[\da-f]{8}-[\da-f]{4}-[0-5][\da-f]{3}-[089ab][\da-f]{3}-[\da-f]{12}$/;

/**
 * Login types with the rules of Synapse Token Authenticator, from its own configuration: `sub` a localpart or full user
 * ID, `identifier.user` required and the same user, 60 s of leeway, any `aud`. The claim `admin` is not acted on: the
 * host finds it in `login.claims`.
 *
 * @param config - the module's `config` as it stands in the YAML
 * @throws OptionsError for what the module would not start with, and for what is not safe
 */
export function fromTokenAuthenticatorConfig(config: TokenAuthenticatorConfig): Record<string, LoginTypeOptions> {
  const options = jwtPart(config);
  const algorithm = options.optional("algorithm", oneOf(ALGORITHMS), "HS512");
  return {
    "com.famedly.login.token": {
      ...keySource(options, isHmac(algorithm)),
      algorithms: [algorithm],
      subjectFormat: "either",
      identifier: "require",
      audience: null,
      displayNameClaim: "displayname",
      requireExpiry: options.optional("require_expiry", flag, options.optional("require_expiracy", flag, true)),
      clockTolerance: 60,
      allowRegistration: options.optional("allow_registration", flag, false),
      authorize: isNoFalseChatbox,
    },
  };
}

function jwtPart(config: unknown): OptionReader {
  const isFlat = !(typeof config === "object" && config !== null && "jwt" in config);
  if (isFlat) return reader(config, "", "require_expiracy");
  return reader(objectWith(["jwt"])(config, "")["jwt"], "jwt", "require_expiry");
}

function reader(value: unknown, path: string, expiryName: string): OptionReader {
  return new OptionReader(withoutNulls(objectWith([...COMMON_NAMES, expiryName])(value, path)), path);
}

function keySource(options: OptionReader, isSecret: boolean): { secret: string } | { keyFile: string } {
  const secret = options.optional("secret", text);
  const keyFile = options.optional("keyfile", text);
  if (secret !== undefined && keyFile !== undefined) {
    throw new OptionsError(options.at("keyfile"), "must not stand beside secret; give one of them");
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
function isNoFalseChatbox({ type, sub }: Claims): boolean {
  if (type !== "chatbox") return true;
  const subject = String(sub);
  return UUID_AT_END.test(parseUserId(subject)?.localpart ?? subject);
}
