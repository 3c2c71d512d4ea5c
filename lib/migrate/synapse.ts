import { flag, OptionReader, objectWith, oneOf, oneOrMore, text } from "../checks/checks.js";
import { ALGORITHMS, isHmac } from "../jwt/algorithms.js";
import type { LoginTypeOptions } from "../options/login-type.js";
import { withoutNulls } from "./yaml.js";

/** Synapse's `jwt_config`, as it stands in its YAML. */
export interface SynapseJwtConfig {
  readonly enabled?: boolean | null;
  /** A shared secret, or a PEM public key: `algorithm` says which. */
  readonly secret?: string | null;
  readonly algorithm?: string | null;
  readonly subject_claim?: string | null;
  readonly display_name_claim?: string | null;
  readonly issuer?: string | null;
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

/** What Synapse gives `exp`, `nbf` and `iat`. */
const SYNAPSE_LEEWAY = 120;

/**
 * Login types with the rules of Synapse's JWT login, from its own configuration: `exp` optional, 120 s of leeway, users
 * registered, `identifier` ignored, the subject a localpart. Not `enabled`: none.
 *
 * @throws OptionsError for what Synapse would not start with, and for what is not safe
 */
export function fromSynapseJwtConfig(config: SynapseJwtConfig | null | undefined): Record<string, LoginTypeOptions> {
  const options = new OptionReader(withoutNulls(objectWith(NAMES)(config ?? {}, "jwt_config")), "jwt_config");
  if (!options.optional("enabled", flag, false)) return {};
  const algorithm = options.required("algorithm", oneOf(ALGORITHMS));
  const secret = options.required("secret", text);
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
