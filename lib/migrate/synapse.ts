import type { LoginTypeOptions } from "../login/login-type.js";
import { type Check, objectWith, oneOf, oneOrMore, text } from "../support/checks.js";
import { OptionsError } from "../support/options-error.js";
import { type Algorithm, ALGORITHMS, isHmac } from "../tokens/algorithms.js";
import { publicKeyFromPem } from "../tokens/keys/public-key.js";
import { kindOfKey } from "../tokens/keys/secret.js";
import { assertPart, SettingsReader, withoutNulls, yamlFlag } from "./yaml.js";

/** Synapse's `jwt_config`, as it stands in its YAML. */
export interface SynapseJwtConfig {
  /**
   * Not enabled: there is no login type.
   *
   * @defaultValue `false`
   */
  readonly enabled?: boolean | null;
  /** A shared secret, or a PEM public key: `algorithm` says which. */
  readonly secret?: string | null;
  /** The one algorithm: as the option `algorithms`, of one. */
  readonly algorithm?: string | null;
  /**
   * As the option `subjectClaim`: one claim's name.
   *
   * @defaultValue `"sub"`
   */
  readonly subject_claim?: string | null;
  /**
   * As the option `displayNameClaim`: one claim's name.
   *
   * @defaultValue none
   */
  readonly display_name_claim?: string | null;
  /**
   * As the option `issuer`.
   *
   * @defaultValue not checked
   */
  readonly issuer?: string | null;
  /**
   * As the option `audience`.
   *
   * @defaultValue a token that has one is refused
   */
  readonly audiences?: readonly string[] | null;
}

const NAMES = [
  "enabled",
  "secret",
  "algorithm",
  "subject_claim",
  "display_name_claim",
  "issuer",
  "audiences",
] as const satisfies readonly (keyof SynapseJwtConfig)[];

/** As the options `secret` and `publicKey`, whose own errors would name what is not in the YAML. */
const keyFor =
  (algorithm: Algorithm): Check<string> =>
  (value, path) => {
    const key = text(value, path);
    if (isHmac(algorithm)) {
      const kind = kindOfKey(Buffer.from(key));
      if (kind === undefined) return key;
      const why = `and algorithm is ${algorithm}: if it is a public key, set the algorithm that fits it`;
      throw new OptionsError(path, `is ${kind}, not a shared secret, ${why}`);
    }
    const hint = `, as algorithm is ${algorithm} (a shared secret goes with HS256, HS384 or HS512; a path is not read)`;
    publicKeyFromPem(key, path, hint);
    return key;
  };

/** What Synapse gives `exp`, `nbf` and `iat`. */
const SYNAPSE_LEEWAY = 120;

/**
 * Login types with the rules of Synapse's JWT login, from its own configuration: `exp` optional, 120 s of leeway, users
 * registered, `identifier` ignored, the subject a localpart. If `enabled` is not true, there are none.
 *
 * @param config - `jwt_config` as it stands in the YAML
 * @throws OptionsError for what Synapse would not start with, and for what is not safe
 */
export function fromSynapseJwtConfig(config: SynapseJwtConfig | null | undefined): Record<string, LoginTypeOptions> {
  assertPart(config, "jwt_config");
  const options = new SettingsReader(withoutNulls(objectWith(NAMES)(config ?? {}, "jwt_config")), "jwt_config");
  if (!options.optional("enabled", yamlFlag, false)) return {};
  const algorithm = options.required("algorithm", oneOf(ALGORITHMS));
  const secret = options.required("secret", keyFor(algorithm));
  const issuer = options.optional("issuer", text);
  const audience = options.optional("audiences", oneOrMore(text));
  const displayNameClaim = options.optional("display_name_claim", text);
  return {
    "org.matrix.login.jwt": {
      ...(isHmac(algorithm) ? { secret } : { publicKey: secret }),
      algorithms: [algorithm],
      subjectClaim: options.optional("subject_claim", text, "sub"),
      ...(displayNameClaim !== undefined && { displayNameClaim }),
      ...(issuer !== undefined && { issuer }),
      ...(audience !== undefined && { audience }),
      requireExpiry: false,
      clockTolerance: SYNAPSE_LEEWAY,
      allowRegistration: true,
    },
  };
}
