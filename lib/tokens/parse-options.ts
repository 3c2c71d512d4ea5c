import {
  callback,
  flag,
  listOf,
  numberFrom,
  objectWith,
  oneOf,
  OptionReader,
  oneOrMore,
  text,
  type Check,
} from "../support/checks.js";
import { OptionsError } from "../support/options-error.js";
import { ALGORITHMS, type Algorithm } from "./readers/algorithms.js";
import { claimReader, type ClaimLocator, type ClaimReader } from "./claim-reader.js";
import { mediaType, type ClaimRules } from "./claims.js";
import type { KeySource } from "./keys/key-source.js";
import { parseKeySource, type KeyContext } from "./keys/parse-key-source.js";
import { secretKey, warnOfShortSecret } from "./keys/secret.js";
import type { DiscoverOptions, KeyOptions, TokenRules } from "./options.js";

/** What a host's function gives is looked at, whatever its type promises. */
export type Authorize = (...args: Parameters<NonNullable<TokenRules["authorize"]>>) => unknown;

export interface VerifierConfig {
  readonly keys: KeySource;
  readonly algorithms: ReadonlySet<unknown>;
  readonly rules: ClaimRules;
  readonly subject: ClaimReader;
  readonly maxTokenLength: number;
  readonly authorize: Authorize | undefined;
}

export const VERIFIER_OPTION_NAMES = [
  "secret",
  "publicKey",
  "keyFile",
  "jwksUri",
  "jwks",
  "discover",
  "jwksOptions",
  "algorithms",
  "issuer",
  "audience",
  "subjectClaim",
  "requireExpiry",
  "clockTolerance",
  "maxTokenLength",
  "maxTokenAge",
  "tokenType",
  "requiredScopes",
  "authorize",
] as const satisfies readonly (keyof KeyOptions | keyof DiscoverOptions | keyof TokenRules)[];

const MAX_TOKEN_LENGTH = 8192;

/**
 * Checks a verifier's options and gives them in the form that the hot path uses.
 *
 * @throws OptionsError
 */
export function parseVerifierOptions(options: OptionReader, context: KeyContext): VerifierConfig {
  const keys = parseKeySource(options, context);
  const algorithms = allowedAlgorithms(options, keys);
  const secrets = options.optional("secret", oneOrMore(secretKey), []);
  warnOfShortSecret(secrets, algorithms, options.at("secret"));
  return {
    keys,
    algorithms: new Set<unknown>(algorithms),
    rules: {
      tokenType: options.optional("tokenType", (value, path) => mediaType(text(value, path))),
      requireExpiry: options.optional("requireExpiry", flag, true),
      clockTolerance: options.optional("clockTolerance", numberFrom(0, 600, { unit: "seconds" }), 60),
      maxTokenAge: options.optional("maxTokenAge", numberFrom(1, Number.MAX_SAFE_INTEGER, { unit: "seconds" })),
      issuers: options.optional("issuer", setOf(text)),
      audiences: options.optional("audience", (value, path) => (value === null ? null : setOf(text)(value, path))),
      requiredScopes: options.optional("requiredScopes", listOf(scope), []),
    },
    subject: claimReader(options.optional("subjectClaim", claimLocator, "sub"), "subjectClaim"),
    maxTokenLength: options.optional(
      "maxTokenLength",
      numberFrom(1, Number.MAX_SAFE_INTEGER, { unit: "characters", integer: true }),
      MAX_TOKEN_LENGTH,
    ),
    authorize: options.optional("authorize", callback<Authorize>),
  };
}

/** RFC 8725 section 3.1: the allow-list is the host's, and no algorithm in it may be one that the key can't have. */
function allowedAlgorithms(options: OptionReader, keys: KeySource): readonly Algorithm[] {
  return options.optional("algorithms", listOf(algorithm([...keys.algorithms])), [...keys.possibleAlgorithms]);
}

function algorithm(fitting: readonly Algorithm[]): Check<Algorithm> {
  const known = oneOf(ALGORITHMS);
  return (value, path) => {
    if (typeof value === "string" && value.toLowerCase() === "none") {
      throw new OptionsError(path, "must not be none: an unsigned token proves nothing (RFC 8725 section 3.2)");
    }
    const name = known(value, path);
    if (fitting.includes(name)) return name;
    throw new OptionsError(path, `is ${name}, which does not fit the key; ${fitting.join(", ")} would`);
  };
}

/** As `subjectClaim` and its like take it. */
export const claimLocator: Check<ClaimLocator> = (value, path) => {
  if (typeof value === "function") return value as ClaimLocator;
  return typeof value === "string" ? text(value, path) : listOf(text)(value, path);
};

/** RFC 6749 section 3.3: names without spaces. */
const scope: Check<string> = (value, path) => {
  if (!/\s/.test(text(value, path))) return value as string;
  throw new OptionsError(path, "must be one scope, without spaces; give each its own place in the list");
};

function setOf<T>(check: Check<T>): Check<ReadonlySet<T>> {
  const list = oneOrMore(check);
  return (value, path) => new Set(list(value, path));
}

/** An options object of which no name is unknown. */
export function readerOf(value: unknown, path: string, names: readonly string[]): OptionReader {
  return new OptionReader(objectWith(names)(value, path), path);
}
