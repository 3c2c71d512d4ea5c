import type { Algorithm } from "./algorithms.js";
import type { ClaimLocator } from "./claim-reader.js";
import type { Claims } from "./claims.js";
import type { Fetch } from "./keys/download.js";
import type { Jwks } from "./keys/jwk-set.js";
import type { PublicKeyInput } from "./keys/public-key.js";
import type { SecretInput } from "./keys/secret.js";

/** How a JWKS endpoint is asked and how long its answer is kept. All times are in seconds. */
export interface JwksOptions {
  /**
   * How long a set is fresh. Up to twice this age it serves while it is refreshed in the background; an older one that
   * nobody asked for in all that time waits for its refresh. Default 600.
   */
  readonly cacheMaxAge?: number;
  /** How long a set stays usable while the endpoint fails. Default 86400. */
  readonly staleIfError?: number;
  /** The least time between two fetches, whatever the tokens ask for. Default 1. */
  readonly cooldown?: number;
  /** For the whole fetch, body included; with `discover`, half of it for the discovery document. Default 5. */
  readonly timeout?: number;
  /** Bytes. Default 1 MiB. */
  readonly maxResponseSize?: number;
  /** Used in place of the global `fetch`: for a proxy, mutual TLS or an internal CA. */
  readonly fetch?: Fetch;
  /** Accept an `http:` URL on a host that is not loopback. Default false. */
  readonly allowHttp?: boolean;
}

/** Where keys come from. */
export interface KeyOptions {
  /** Shared secret for HS256, HS384 and HS512, or a list of them, newest first, while one is being rotated. */
  readonly secret?: SecretInput | readonly SecretInput[];
  /** Public key or X.509 certificate given inline, or a list. A token's `kid` is not looked at. */
  readonly publicKey?: PublicKeyInput | readonly PublicKeyInput[];
  /**
   * Path of a file with a PEM public key, an X.509 certificate, a JWK or a JWK Set, or a list of paths. A file that
   * changes is used within 5 seconds; one that is broken or gone leaves the last good key in use.
   */
  readonly keyFile?: string | readonly string[];
  /** URL of a JWKS endpoint (RFC 7517 section 5): https, or http on a loopback host. */
  readonly jwksUri?: string | URL;
  /** A JWK Set given inline. */
  readonly jwks?: Jwks;
}

/** One member of `T`, and no other. */
type ExactlyOne<T> = {
  [K in keyof T]-?: Required<Pick<T, K>> & Readonly<Partial<Record<Exclude<keyof T, K>, undefined>>>;
}[keyof T];

/** How tokens are verified, and by the keys of exactly one source. */
export type TokenVerifierOptions = (
  | (ExactlyOne<KeyOptions> & { readonly discover?: false })
  | ({ readonly [Source in keyof KeyOptions]?: undefined } & DiscoverOptions)
) &
  TokenRules;

/** Keys from wherever the issuer says. */
export interface DiscoverOptions {
  /**
   * Find the JWKS endpoint by the issuer's discovery document (OpenID Connect Discovery 1.0 section 4): its `issuer`
   * must be the configured one to the letter, and its `jwks_uri` a URL that `jwksUri` would take. Default false.
   */
  readonly discover: true;
  /** The one issuer: required `iss`, and where its discovery document is. */
  readonly issuer: string;
}

/** What a token must be. Every check that an option asks for is made on every token. */
export interface TokenRules {
  /** For `jwksUri` and `discover`. */
  readonly jwksOptions?: JwksOptions;
  /** Allowed algorithms (RFC 8725 section 3.1). Default: all that fit the key; never HS* for a public key. */
  readonly algorithms?: readonly Algorithm[];
  /** Required `iss`, one or several (RFC 7519 section 4.1.1). Default: not checked. */
  readonly issuer?: string | readonly string[];
  /**
   * Required `aud`, one or several (RFC 7519 section 4.1.3). Default: a token with an `aud` is refused. `null`: any.
   */
  readonly audience?: string | readonly string[] | null;
  /** Where the subject is. A name is one claim's name, dots and all; a list walks down. Default `"sub"`. */
  readonly subjectClaim?: ClaimLocator;
  /** `exp` must be there (RFC 7519 section 4.1.4); where there, it is always checked. Default true. */
  readonly requireExpiry?: boolean;
  /** Leeway in seconds for `exp`, `nbf` and `iat`, 0 to 600. Default 60. */
  readonly clockTolerance?: number;
  /** Characters; a longer token is refused before anything of it is decoded. Default 8192. */
  readonly maxTokenLength?: number;
  /** Seconds since `iat`, which is required then (RFC 7519 section 4.1.6). Default: not checked. */
  readonly maxTokenAge?: number;
  /** Required `typ` header, e.g. `"at+jwt"` (RFC 9068 section 4, RFC 8725 section 3.11). Default: not checked. */
  readonly tokenType?: string;
  /** Each must be in `scope` (RFC 8693 section 4.2) or `scp`. Default: none. */
  readonly requiredScopes?: readonly string[];
  /**
   * The host's own say, after every other check of the token. Anything but `true` refuses it.
   *
   * @param claims - the verified claims
   * @param submission - the login request's JSON object; empty where a verifier is used by itself
   */
  readonly authorize?: (claims: Claims, submission: Readonly<Record<string, unknown>>) => boolean | Promise<boolean>;
}
