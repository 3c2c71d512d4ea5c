import type { IntrospectionUnavailableError, KeysUnavailableError } from "../remote/errors.js";
import type { Fetch } from "../remote/request.js";
import type { Algorithm } from "./algorithms.js";
import type { ClaimLocator } from "./claim-reader.js";
import type { Claims } from "./claim-rules.js";
import type { KeyManagement } from "./keys/decryption-key.js";
import type { Jwks } from "./keys/jwk.js";
import type { PrivateKeyInput } from "./keys/private-key.js";
import type { PublicKeyInput } from "./keys/public-key.js";
import type { SecretInput } from "./keys/secret.js";
import type { ContentEncryption } from "./proofs/encrypted.js";

/** How keys are fetched from a JWKS endpoint, and how long they are kept. */
export interface JwksOptions {
  /**
   * How long a fetched JWK Set is fresh. Up to twice this age it is used while it is refreshed in the background.
   *
   * @remarks
   * If it is older because no login needed it, the next login waits for the refresh. While fetches fail, the set is used up to
   * `staleIfError`. While the endpoint answers, a key that it withdraws is refused 2 x `cacheMaxAge` + `timeout` later at most.
   *
   * @unit seconds
   * @defaultValue `600`
   */
  readonly cacheMaxAge?: number;
  /**
   * How long a set stays usable while the endpoint fails.
   *
   * @unit seconds
   * @defaultValue `86400`
   */
  readonly staleIfError?: number;
  /**
   * The least time between two fetches. A token with an unknown `kid` waits for the next fetch, and is good if its key is there.
   *
   * @remarks
   * At most 1,000 tokens wait; a further one is 503. No login waits for keys longer than `cooldown` + 2 x `timeout` + 1 s.
   *
   * @unit seconds
   * @defaultValue `5`
   */
  readonly cooldown?: number;
  /**
   * Deadline for a whole fetch, body included.
   *
   * @remarks
   * With `discover`, nine tenths of it are for the first discovery document, and half of it for a later one.
   *
   * @unit seconds
   * @defaultValue `5`
   */
  readonly timeout?: number;
  /**
   * A longer answer counts as a failed fetch.
   *
   * @unit bytes
   * @defaultValue `1048576`
   */
  readonly maxResponseSize?: number;
  /**
   * Used in place of the global one: for a proxy, mutual TLS or an internal CA.
   *
   * @remarks
   * The deadline and the limit of size hold whatever it does.
   *
   * @defaultValue the global `fetch`
   */
  readonly fetch?: Fetch;
  /**
   * Take an `http:` URL on a host that is not loopback.
   *
   * @defaultValue `false`
   */
  readonly allowHttp?: boolean;
}

/** Where keys come from. */
export interface KeyOptions {
  /** Shared secret for HS256, HS384 and HS512; a list, newest first, while one is being rotated. */
  readonly secret?: SecretInput | readonly SecretInput[];
  /**
   * Public key or X.509 certificate, inline as PEM or `KeyObject`.
   *
   * @remarks
   * A token's `kid` and a certificate's dates are ignored.
   */
  readonly publicKey?: PublicKeyInput | readonly PublicKeyInput[];
  /**
   * Path of a file with a PEM public key, an X.509 certificate, a JWK or a JWK Set. A change is used within 5 seconds; a file
   * that is broken or gone leaves the last good key in use.
   *
   * @remarks
   * A private key in it is an {@link OptionsError} at the start. A certificate's dates are ignored.
   */
  readonly keyFile?: string | readonly string[];
  /** URL of a JWKS endpoint (RFC 7517 section 5): https, or http on a loopback host or with `jwksOptions.allowHttp`. */
  readonly jwksUri?: string | URL;
  /** A JWK Set (RFC 7517 section 5) given inline. */
  readonly jwks?: Jwks;
}

/** One member of `T`, and no other. */
type ExactlyOne<T> = {
  [K in keyof T]-?: Required<Pick<T, K>> & Readonly<Partial<Record<Exclude<keyof T, K>, undefined>>>;
}[keyof T];

/** How tokens are verified: by the keys of exactly one source, by introspection, or by both. */
export type TokenVerifierOptions = (
  | (ExactlyOne<KeyOptions> & {
      /**
       * `true` finds the JWKS endpoint by the OpenID Connect discovery document of `issuer`, then a single string.
       *
       * @remarks
       * In place of the other key sources: {@link DiscoverOptions}.
       *
       * @defaultValue `false`
       */
      readonly discover?: false;
    })
  | ({ readonly [Source in keyof KeyOptions]?: undefined } & DiscoverOptions)
  | ({ readonly [Source in keyof KeyOptions]?: undefined } & IntrospectedOptions)
) &
  TokenRules;

/** No keys: introspection alone verifies tokens. */
export interface IntrospectedOptions {
  /** Not with introspection alone: it has a `discover` of its own. */
  readonly discover?: false;
  /** {@link IntrospectionOptions} */
  readonly introspection: IntrospectionOptions;
  /** Required here: `null` says that tokens of any audience log in. */
  readonly audience: string | readonly string[] | null;
}

/** Asks the server that issued a token about it (RFC 7662). */
export interface IntrospectionOptions {
  /** URL of the introspection endpoint: https, or http on a loopback host. Either this, or `discover`. */
  readonly endpoint?: string | URL;
  /**
   * With `issuer`, one string: ask the `introspection_endpoint` of the issuer's discovery document.
   *
   * @defaultValue `false`
   */
  readonly discover?: boolean;
  /** Your client at the server. */
  readonly clientId?: string;
  /** Its secret. */
  readonly clientSecret?: string;
  /**
   * How the client authenticates (RFC 6749 section 2.3.1).
   *
   * @defaultValue `"client_secret_basic"`
   */
  readonly clientAuthentication?: "client_secret_basic" | "client_secret_post";
  /** An access token for the endpoint, or a function that gives one, in place of `clientId` and `clientSecret`. */
  readonly bearerToken?: string | (() => string | Promise<string>);
  /**
   * For a whole question, discovery and answer included.
   *
   * @unit seconds
   * @defaultValue `5`
   */
  readonly timeout?: number;
  /**
   * A longer answer counts as a failure.
   *
   * @unit bytes
   * @defaultValue `65536`
   */
  readonly maxResponseSize?: number;
  /**
   * Used in place of the global one.
   *
   * @defaultValue the global `fetch`
   */
  readonly fetch?: Fetch;
  /**
   * Take an `http:` URL on a host that is not loopback.
   *
   * @defaultValue `false`
   */
  readonly allowHttp?: boolean;
}

/** How encrypted tokens are decrypted (RFC 7516, RFC 7519 section 11.2). */
export interface DecryptionOptions {
  /** Path of a file with private keys (PEM, a JWK or a JWK Set), or a list of paths. A change is used within 5 seconds. */
  readonly keyFile?: string | readonly string[];
  /** A private key as PEM, JWK or `KeyObject`, or a list of them while rotating. Either this, or `keyFile`. */
  readonly key?: PrivateKeyInput | readonly PrivateKeyInput[];
  /**
   * Allowed key management algorithms (RFC 7518 section 4.1).
   *
   * @defaultValue all that fit the key
   */
  readonly algorithms?: readonly KeyManagement[];
  /**
   * Allowed content encryption algorithms (RFC 7518 section 5.1).
   *
   * @defaultValue all four
   */
  readonly contentEncryption?: readonly ContentEncryption[];
  /**
   * Accept signed tokens that are not encrypted, too.
   *
   * @defaultValue `false`
   */
  readonly allowUnencrypted?: boolean;
}

/** Keys from the JWKS endpoint that the issuer's discovery document names. */
export interface DiscoverOptions {
  /**
   * Find the JWKS endpoint by the issuer's discovery document (OpenID Connect Discovery 1.0 section 4): its `issuer`
   * must match the configured one exactly, and its `jwks_uri` must be a URL that `jwksUri` accepts.
   */
  readonly discover: true;
  /** The issuer: its tokens must have this `iss`, and its discovery document is found below this URL. */
  readonly issuer: string;
}

/** The rules for tokens. Every option that is set applies to every token. */
export interface TokenRules {
  /** How the endpoint of `jwksUri` or `discover` is asked, and how long its answer is kept. */
  readonly jwksOptions?: JwksOptions;
  /**
   * Allowed algorithms, of HS, RS, PS and ES with 256, 384 and 512, and EdDSA (also called Ed25519).
   *
   * @remarks
   * RFC 8725 section 3.1. Each must fit the key: a secret verifies only `HS*`, and a public key
   * never `HS*`.
   *
   * @defaultValue all that fit the key
   */
  readonly algorithms?: readonly Algorithm[];
  /**
   * Required `iss`, one or several (RFC 7519 section 4.1.1).
   *
   * @defaultValue not checked
   */
  readonly issuer?: string | readonly string[];
  /**
   * Required `aud`, one or several (RFC 7519 section 4.1.3). `null`: not checked.
   *
   * @defaultValue a token that has one is refused
   */
  readonly audience?: string | readonly string[] | null;
  /**
   * The claim that holds the subject: a name (dots have no meaning in it), a path of names, or a synchronous function.
   *
   * @defaultValue `"sub"`
   */
  readonly subjectClaim?: ClaimLocator;
  /**
   * Require `exp` (RFC 7519 section 4.1.4). If it is there, it is always checked.
   *
   * @remarks
   * `maxTokenLifetime` and `singleUse` require it whatever this says.
   *
   * @defaultValue `true`, or `false` with `introspection` alone
   */
  readonly requireExpiry?: boolean;
  /**
   * Leeway for `exp`, `nbf` and `iat`.
   *
   * @unit seconds, 0 to 600
   * @defaultValue `60`
   */
  readonly clockTolerance?: number;
  /**
   * A longer token is refused before it is decoded. In a list of issuers, that holds for the largest of their limits; a token longer than its own issuer's limit is refused once its `iss` has been read.
   *
   * @remarks
   * More than the middleware's `bodyLimit` is an {@link OptionsError}.
   *
   * @unit characters
   * @defaultValue `8192`, or `16384` with `decryption`
   */
  readonly maxTokenLength?: number;
  /**
   * Require `iat` (RFC 7519 section 4.1.6), at most this long ago.
   *
   * @unit seconds, 1 or more
   * @defaultValue not checked
   */
  readonly maxTokenAge?: number;
  /**
   * Require `exp`, at most this far ahead; `clockTolerance` is added. A token with more time left is refused, and accepted later,
   * when less is left.
   *
   * @unit seconds, 1 or more
   * @defaultValue not checked
   */
  readonly maxTokenLifetime?: number;
  /**
   * Required `typ` header, e.g. `"at+jwt"` (RFC 9068 section 4, RFC 8725 section 3.11).
   *
   * @remarks
   * Compared as a media type: without regard to case, and to a leading `application/` (RFC 7515 section 4.1.9). Whatever
   * this option says, tokens that are made for something else are refused: `logout+jwt`, `secevent+jwt`, `dpop+jwt`, and
   * those with the `events` claim of a logout.
   *
   * @defaultValue not checked
   */
  readonly tokenType?: string;
  /**
   * Each must be in `scope` (RFC 8693 section 4.2) or `scp`.
   *
   * @defaultValue none
   */
  readonly requiredScopes?: readonly string[];
  /**
   * Accept tokens with `cnf` (RFC 7800), and introspected ones of the type `DPoP`, which are bound to a key of their client
   * (RFC 8705, RFC 9449). A login does not prove that key, so anybody who has such a token could use it.
   *
   * @defaultValue `false`
   */
  readonly allowSenderConstrained?: boolean;
  /**
   * Your own check, after all checks of the token by the other options. May be async. Must return `true`; anything else refuses the
   * token. Of a login, the user ID and `identifier` are judged before it, or after it with `externalIds`; single use is judged after it.
   *
   * @defaultValue none
   * @param claims - the verified claims
   * @param submission - the login request's JSON object; empty for a verifier, for API requests and in single sign-on
   * @param introspection - the introspection endpoint's answer, if the token was introspected
   */
  readonly authorize?: (
    claims: Claims,
    submission: Readonly<Record<string, unknown>>,
    introspection?: Claims,
  ) => boolean | Promise<boolean>;
  /**
   * Ask the server that issued a token whether it is active: alone, or beside a key source.
   *
   * @defaultValue none
   */
  readonly introspection?: IntrospectionOptions;
  /**
   * Accept tokens that are encrypted to a key of yours.
   *
   * @defaultValue none
   */
  readonly decryption?: DecryptionOptions;
}

/** A failed fetch or read of keys, or a failed introspection request. */
export interface KeysErrorEvent {
  /** e.g. `org.matrix.login.jwt`. */
  readonly loginType: string;
  /** Its `detail` says what went wrong, and its `cause` is the error behind it. */
  readonly error: KeysUnavailableError | IntrospectionUnavailableError;
  /** What was asked. */
  readonly source: "keys" | "introspection";
}
