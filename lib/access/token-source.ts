import { LOGIN_TYPE_OPTIONS } from "../login/login-type.js";
import type { SubjectRules } from "../matrix/subject.js";
import type { IssuerMetadata, RemoteSettings } from "../remote/metadata.js";
import type { Check } from "../support/checks.js";
import { optional, optionsOf } from "../support/options.js";
import { OptionsError } from "../support/options-error.js";
import { type Entries, oneOrByIssuer } from "../tokens/by-issuer.js";
import { type ClaimLocator, claimReader } from "../tokens/claim-reader.js";
import type { Claims } from "../tokens/claim-rules.js";
import type { TokenContext } from "../tokens/context.js";
import { discoverableIssuer, jwksSettings } from "../tokens/keys/parse-key-source.js";
import { claimLocator, parseVerifier, TOKEN_OPTIONS, type TokenValues } from "../tokens/parse-options.js";
import type { TokenShape } from "../tokens/peek.js";
import type { Verifier } from "../tokens/verifier.js";
import { type OwnTokens, ownTokensOf } from "./create-access-tokens.js";
import { type Device, deviceOf, oneDevice } from "./device.js";
import { ownVerifier } from "./own-verifier.js";

/** Where access tokens come from, and the rules for them. */
export interface TokenSource extends SubjectRules {
  readonly verifier: Verifier;
  /** Undefined: of any issuer. With undefined among them, a token need not name one. */
  readonly issuers: ReadonlySet<unknown> | undefined;
  readonly requiredScopes: readonly string[];
  readonly deviceOf: (claims: Claims, scopes: readonly string[], introspection?: Claims) => Device;
  /** Tokens of the host's own: their subject is the user ID, whatever other issuers call the user. */
  readonly own: boolean;
  readonly shapes: ReadonlySet<TokenShape>;
  readonly metadata: IssuerMetadata | undefined;
}

// Not what concerns a login's submission, or registration.
const { subjectFormat, localpart } = LOGIN_TYPE_OPTIONS;

/** Names, checks and defaults of the options of a source. */
export const SOURCE_OPTIONS = { ...TOKEN_OPTIONS, subjectFormat, localpart, deviceClaim: optional(claimLocator) };

const sourceOptions = optionsOf(SOURCE_OPTIONS);

/** Options that distinguish an access token from an ID token. */
const MARKS = ["tokenType", "requiredScopes", "authorize", "introspection"] as const;

/** @throws OptionsError */
export function parseTokenSources(value: unknown, path: string, context: TokenContext): Entries<TokenSource> {
  const parse: Check<TokenSource> = (one, here) => parseTokenSource(one, here, context);
  // The host's own tokens are never encrypted.
  return oneOrByIssuer(parse, (options) => ownTokensOf(options) !== undefined)(value, path);
}

/** @throws OptionsError */
function parseTokenSource(value: unknown, path: string, context: TokenContext): TokenSource {
  const own = ownTokensOf(value);
  if (own !== undefined) return ownSource(own, context);
  if (ownTokensOf((Object(value) as { verification?: unknown }).verification) !== undefined) {
    throw new OptionsError(path, "must be the member `verification` of what createAccessTokens returned");
  }
  const { deviceClaim, requiredScopes, ...options } = sourceOptions(value, path);
  if (!MARKS.some((mark) => isGiven(value, mark))) {
    throw new OptionsError(
      path,
      `must have at least one of ${MARKS.join(", ")}: otherwise an ID token would be an access token`,
    );
  }
  // Scopes are checked with Matrix's own names for them, which the verifier does not know.
  const verifier = parseVerifier({ ...options, requiredScopes: [] }, path, context);
  return {
    verifier,
    issuers: issuersOf(verifier),
    requiredScopes,
    deviceOf: deviceReader(deviceClaim),
    subjectFormat: options.subjectFormat,
    localpart: options.localpart,
    own: false,
    shapes: shapesOf(options),
    metadata: metadataOf(options, path, context),
  };
}

/** Where introspection alone proves a token, its answer is judged: the token itself need not name an issuer. */
function issuersOf({ config: { rules, signed } }: Verifier): TokenSource["issuers"] {
  return signed === undefined && rules.issuers !== undefined ? new Set([...rules.issuers, undefined]) : rules.issuers;
}

/** Tokens of other kinds are nothing that the options could take. */
function shapesOf({
  introspection,
  decryption,
}: Pick<TokenValues, "introspection" | "decryption">): TokenSource["shapes"] {
  if (introspection !== undefined) return new Set(["signed", "encrypted", "opaque"]);
  return new Set(decryption === undefined ? ["signed"] : ["signed", "encrypted"]);
}

/** Of the issuer that keys or the introspection endpoint are found by. */
function metadataOf(
  options: Omit<TokenValues, "requiredScopes">,
  path: string,
  context: TokenContext,
): IssuerMetadata | undefined {
  const { discover, introspection } = options;
  if (!discover && introspection?.discover !== true) return undefined;
  const settings = { ...jwksSettings(options), ...(!discover && introspection && requestOf(introspection)) };
  return context.shared.metadata(discoverableIssuer(options, path, settings), settings, context.watcher);
}

function requestOf({ timeout, fetch, allowHttp }: NonNullable<TokenValues["introspection"]>): Partial<RemoteSettings> {
  return { timeout, fetch, allowHttp };
}

function isGiven(value: unknown, name: string): boolean {
  const given = (value as Readonly<Record<string, unknown>>)[name];
  return given !== undefined && !(Array.isArray(given) && given.length === 0);
}

function deviceReader(locator: ClaimLocator | undefined): TokenSource["deviceOf"] {
  if (locator === undefined) return deviceOf;
  const read = claimReader(locator, "deviceClaim");
  return (claims, _scopes, introspection) => oneDevice([read(claims, introspection)]);
}

function ownSource(own: OwnTokens, context: TokenContext): TokenSource {
  own.keys.watch(context.watcher);
  return {
    verifier: ownVerifier(own),
    issuers: new Set([own.issuer]),
    requiredScopes: [],
    deviceOf: deviceReader("device_id"),
    subjectFormat: "userId",
    localpart: "as-is",
    own: true,
    shapes: new Set(["signed"]),
    metadata: undefined,
  };
}

/** `alice` of two issuers would be one account, unless the host links accounts. One warning when the options are checked. */
export function warnOfSharedNames(sources: readonly TokenSource[]): void {
  if (sources.filter(({ own }) => !own).length < 2) return;
  process.emitWarning(
    "tokens has several issuers, whose users of one name are one user: set externalIds, or externalIds: false if they are meant to be",
    { type: "SecurityWarning", code: "MATRIX_JWT_LOGIN_SHARED_NAMES" },
  );
}
