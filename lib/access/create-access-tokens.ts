import { randomUUID } from "node:crypto";

import { MatrixError } from "../matrix/errors.js";
import { isPossibleUserId, parseUserId } from "../matrix/identifiers.js";
import type { IssuedToken } from "../matrix/response.js";
import { numberFrom, objectWith, oneOf, oneOrMore, text } from "../support/checks.js";
import { isJsonObject } from "../support/json.js";
import { optional, type OptionsOf, optionsOf, required } from "../support/options.js";
import { OptionsError } from "../support/options-error.js";
import { type Algorithm, ALGORITHMS } from "../tokens/algorithms.js";
import { exactText } from "../tokens/claim-options.js";
import type { Jwks } from "../tokens/keys/jwk.js";
import type { PrivateKeyInput } from "../tokens/keys/private-key.js";
import { type SecretInput, secretKey, warnOfShortSecret } from "../tokens/keys/secret.js";
import { DEFAULT_TOKEN_LENGTH } from "../tokens/parse-options.js";
import { isDeviceId } from "./device.js";
import { signToken } from "./sign-token.js";
import {
  fixedSigningKeys,
  type SigningKey,
  signingKey,
  signingKeyFiles,
  type SigningKeys,
  signingSecret,
} from "./signing-keys.js";

/** Options of {@link createAccessTokens}. Give exactly one of `signingKey`, `signingKeyFile` and `secret`. */
export interface AccessTokenOptions {
  /**
   * Private key: PEM, JWK or `KeyObject`. Of a list, the first signs and all verify.
   *
   * @remarks
   * To rotate, add the new key second; move it first once every replica has it; remove the old one once its last token has
   * expired.
   *
   * @defaultValue none
   */
  readonly signingKey?: PrivateKeyInput | readonly PrivateKeyInput[];
  /**
   * Path of a file with a private key: PEM, a JWK or a JWK Set. Of a list, the first signs and all verify. A change is used
   * within 5 seconds; a file that is broken or gone leaves the last good key in use.
   *
   * @defaultValue none
   */
  readonly signingKeyFile?: string | readonly string[];
  /**
   * Shared secret (HS256, HS384, HS512). Of a list, the first signs and all verify.
   *
   * @defaultValue none
   */
  readonly secret?: SecretInput | readonly SecretInput[];
  /**
   * The algorithm to sign with. It must fit every key.
   *
   * @defaultValue `alg` of the JWK, or the usual one of the key: RS256, ES256, ES384, ES512, EdDSA or HS256
   */
  readonly algorithm?: Algorithm;
  /** `iss` of the tokens, e.g. `https://matrix.example.org`. */
  readonly issuer: string;
  /** `aud` of the tokens, e.g. `matrix-client-api`. */
  readonly audience: string;
  /**
   * How long a token lives.
   *
   * @unit seconds, 10 to 604800
   * @defaultValue `300`
   */
  readonly lifetime?: number;
}

/** Whom an access token is for: a {@link VerifiedLogin} fits. */
export interface AccessTokenSubject {
  /** The full user ID. */
  readonly userId: string;
  /** The device ID: 1 to 512 characters, none of them a control character or half a surrogate pair. */
  readonly deviceId: string;
}

/** Options of {@link AccessTokens.issue}, for one token. */
export interface IssueOptions {
  /** Passed through to the {@link IssuedToken}: refresh tokens are the host's to make and to store. */
  readonly refreshToken?: string | undefined;
  /**
   * How long this token lives.
   *
   * @unit seconds, 10 to 604800
   * @defaultValue the option `lifetime`
   */
  readonly lifetime?: number | undefined;
  /** Further claims. They can't replace those that {@link createAccessTokens} sets. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
}

const VERIFICATION = "matrix-jwt-login.AccessTokenVerification";

/** How the tokens of {@link createAccessTokens} are verified: for `tokens` of {@link matrixBearerAuth}. */
export interface AccessTokenVerification {
  /** The `iss` of the tokens. */
  readonly issuer: string;
  /** Their `aud`. */
  readonly audience: string;
  /** Only {@link createAccessTokens} makes it. */
  readonly [VERIFICATION]: unknown;
}

/** What is behind an {@link AccessTokenVerification}. */
export interface OwnTokens {
  readonly keys: SigningKeys;
  readonly issuer: string;
  readonly audience: string;
}

/** Two copies of this package can be loaded beside each other (CommonJS and ES modules), so `instanceof` would miss one. */
export function ownTokensOf(value: unknown): OwnTokens | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  return (value as { readonly [VERIFICATION]?: OwnTokens })[VERIFICATION];
}

/** Access tokens of the host's own. Its functions need no `this`. */
export interface AccessTokens {
  /**
   * Makes a token: what `issueToken` returns.
   *
   * @throws MatrixError 400 `M_INVALID_PARAM` if the device ID can't be in a token
   * @throws TypeError or RangeError if the other arguments are invalid, or there is no device ID
   */
  readonly issue: (this: void, subject: AccessTokenSubject, options?: IssueOptions) => IssuedToken;
  /** For `tokens` of {@link matrixBearerAuth}, as it is. Follows the keys, files included. */
  readonly verification: AccessTokenVerification;
  /**
   * The public keys (RFC 7517 section 5), for others who verify the tokens.
   *
   * @throws Error with `secret`: there are none
   */
  readonly jwks: (this: void) => Jwks;
}

const lifetime = numberFrom(10, 604_800, { unit: "seconds" });

const KEY_NAMES = ["signingKey", "signingKeyFile", "secret"] as const;

const issueOptions = objectWith(["refreshToken", "lifetime", "claims"] satisfies readonly (keyof IssueOptions)[]);

const accessTokenOptions = optionsOf({
  signingKey: optional((value: unknown) => value),
  signingKeyFile: optional(oneOrMore(text)),
  secret: optional(oneOrMore(secretKey)),
  algorithm: optional(oneOf(ALGORITHMS)),
  issuer: required(exactText),
  audience: required(exactText),
  lifetime: optional(lifetime, 300),
} satisfies OptionsOf<AccessTokenOptions>);

/**
 * Makes JWT access tokens (RFC 9068) for a host that issues its own, and what `matrixBearerAuth` verifies them by.
 *
 * @param options - checked here, never later
 * @throws OptionsError if an option is invalid
 */
export function createAccessTokens(options: AccessTokenOptions): AccessTokens {
  const parsed = accessTokenOptions(options, "");
  const keys = signingKeysOf(parsed);
  const { issuer, audience } = parsed;
  const own: OwnTokens = { keys, issuer, audience };

  return Object.freeze({
    issue: (subject: AccessTokenSubject, options: IssueOptions = {}): IssuedToken => {
      assertSubject(subject);
      const { userId, deviceId } = subject;
      const {
        refreshToken,
        lifetime: given,
        claims,
      } = argument(TypeError, () => issueOptions(options, "")) as IssueOptions;
      const seconds = given === undefined ? parsed.lifetime : argument(RangeError, () => lifetime(given, "lifetime"));
      const now = Math.floor(Date.now() / 1_000);
      // RFC 9068 section 2.2.
      const set = {
        iss: issuer,
        sub: userId,
        aud: audience,
        client_id: "matrix",
        exp: now + seconds,
        iat: now,
        jti: randomUUID(),
        device_id: deviceId,
      };
      const accessToken = signToken({ ...plainClaims(claims), ...set }, keys.current()[0]);
      if (accessToken.length > DEFAULT_TOKEN_LENGTH) {
        throw new RangeError(`the access token would be longer than ${String(DEFAULT_TOKEN_LENGTH)} characters`);
      }
      return {
        accessToken,
        deviceId,
        userId,
        expiresInMs: seconds * 1_000,
        ...(refreshToken !== undefined && { refreshToken }),
      };
    },
    verification: Object.freeze(
      Object.defineProperty({ issuer, audience }, VERIFICATION, { value: own }) as AccessTokenVerification,
    ),
    jwks: (): Jwks => ({ keys: keys.current().map(publicJwkOf) }),
  });
}

/**
 * As they will stand in the token: a `toJSON` or `__proto__` of theirs must not reach whatever signs.
 *
 * @throws TypeError unless they are a JSON object, with whole seconds for `nbf` if they have one
 */
function plainClaims(claims: IssueOptions["claims"]): Readonly<Record<string, unknown>> {
  if (claims === undefined) return {};
  // Undefined for what JSON can't hold, whatever its type says.
  const text = JSON.stringify(claims) as string | undefined;
  const plain: unknown = JSON.parse(text ?? "null");
  if (!isJsonObject(plain)) throw new TypeError("claims must be an object that JSON can hold");
  const { nbf, ...others } = Object.fromEntries(Object.entries(plain).filter(([name]) => name !== "__proto__"));
  if (nbf === undefined) return others;
  if (!Number.isInteger(nbf)) throw new TypeError("the claim nbf must be a whole number of seconds since 1970");
  return { ...others, nbf };
}

function publicJwkOf({ jwk }: SigningKey): NonNullable<SigningKey["jwk"]> {
  if (jwk === undefined) throw new Error("there are no public keys: the access tokens are signed with a secret");
  return jwk;
}

function signingKeysOf(options: ReturnType<typeof accessTokenOptions>): SigningKeys {
  const { algorithm, signingKeyFile, secret } = options;
  const [name, second] = KEY_NAMES.filter((each) => options[each] !== undefined);
  if (name === undefined) throw new OptionsError("", `have no key; give one of ${KEY_NAMES.join(", ")}`);
  if (second !== undefined) throw new OptionsError(second, `cannot be combined with ${name}`);
  if (signingKeyFile !== undefined) return signingKeyFiles(signingKeyFile, "signingKeyFile", algorithm);
  if (secret === undefined) {
    const keys = oneOrMore((value, path) => signingKey(value, path, algorithm));
    return fixedSigningKeys(keys(options.signingKey, "signingKey"));
  }
  const keys = secret.map((key) => signingSecret(key, "secret", algorithm));
  warnOfShortSecret(secret, [...new Set(keys.map((key) => key.algorithm))], "secret");
  return fixedSigningKeys(keys);
}

function assertSubject(subject: AccessTokenSubject): void {
  const { userId, deviceId } = Object(subject) as Partial<AccessTokenSubject>;
  if (typeof userId !== "string" || parseUserId(userId) === undefined || !isPossibleUserId(userId)) {
    throw new TypeError("userId must be a full user ID, e.g. @alice:example.org");
  }
  // No client's fault.
  if (deviceId === undefined) throw new TypeError("deviceId is required: pass on that of the login");
  if (!isDeviceId(deviceId)) {
    const problem = "must be a string of 1 to 512 characters, without control characters";
    throw new MatrixError("M_INVALID_PARAM", `device_id ${problem}`, { statusCode: 400 });
  }
}

/** An argument of a call that is made at a login is no option. */
function argument<T>(Fault: ErrorConstructor, check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw new Fault((error as OptionsError).message, { cause: error });
  }
}
