import type { ClaimPath } from "./claims.js";

type Flag = boolean | null;
type Text = string | null;
type Json = Readonly<Record<string, unknown>>;

/** The `jwt` part of Synapse Token Authenticator's configuration. */
export interface TokenAuthenticatorJwtConfig {
  /** Either this, or `keyfile`. */
  readonly secret?: Text;
  /** Path of a PEM public key. */
  readonly keyfile?: Text;
  /**
   * The one algorithm. Required with `keyfile`.
   *
   * @defaultValue `"HS512"`
   */
  readonly algorithm?: Text;
  /**
   * As the option `allowRegistration`.
   *
   * @defaultValue `false`
   */
  readonly allow_registration?: Flag;
  /**
   * As the option `requireExpiry`.
   *
   * @defaultValue `true`
   */
  readonly require_expiry?: Flag;
}

/** The `oidc` part: Zitadel's tokens, by introspection. */
export interface TokenAuthenticatorOidcConfig {
  /** The issuer: its discovery document names the introspection endpoint. */
  readonly issuer: string;
  /** Our client there. */
  readonly client_id: string | number;
  /** Its secret. */
  readonly client_secret: string;
  /** The project whose roles let users in. */
  readonly project_id: string | number;
  /** Accepted and ignored, as in the original. */
  readonly organization_id?: string | number | null;
  /** If set, the only clients whose tokens are taken. */
  readonly allowed_client_ids?: string | readonly string[] | null;
  /** @defaultValue `false` */
  readonly allow_registration?: Flag;
}

/**
 * A rule about claims: an object with a `type`, or a list that begins with it. See the original's documentation.
 *
 * @remarks
 * A `regex` is in what Python and JavaScript have in common. Text over 1,024 characters matches none.
 */
export type TokenAuthenticatorValidator = Json | readonly unknown[];

/** `auth`: `{ type: "basic", username, password }` or `{ type: "bearer", token }`, or a list of these values in this order. */
export type TokenAuthenticatorAuth = Json | readonly (string | null)[];

interface ClaimSettings {
  readonly validator?: TokenAuthenticatorValidator | null;
  readonly localpart_path?: ClaimPath | null;
  readonly fq_uid_path?: ClaimPath | null;
  readonly user_id_path?: ClaimPath | null;
  readonly displayname_path?: ClaimPath | null;
  readonly admin_path?: ClaimPath | null;
  readonly email_path?: ClaimPath | null;
  readonly required_scopes?: string | readonly string[] | null;
}

interface KeySettings {
  /** A JWK, or a JWK Set. */
  readonly jwk_set?: Json | null;
  /** Path of a PEM public key. */
  readonly jwk_file?: Text;
  /** URL of a JWKS endpoint. */
  readonly jwks_endpoint?: Text;
}

/** `oauth` in the configuration of Synapse Token Authenticator. */
export interface TokenAuthenticatorOauthConfig {
  /** Tokens that are JWTs. */
  readonly jwt_validation?:
    | (ClaimSettings &
        KeySettings & {
          /** Whether `exp` must be there. */
          readonly require_expiry?: Flag;
        })
    | null;
  /** Tokens that their issuer is asked about (RFC 7662). */
  readonly introspection_validation?:
    | (ClaimSettings & {
        /** URL of the introspection endpoint. */
        readonly endpoint: string;
        /** With which credentials. */
        readonly auth?: TokenAuthenticatorAuth | null;
      })
    | null;
  /** What `identifier.user` of a login is. */
  readonly username_type?: "fq_uid" | "localpart" | "user_id" | null;
  /** @defaultValue `false` */
  readonly registration_enabled?: Flag;
  /** Not acted on here: a warning says what to do with the option `externalIds`. */
  readonly check_external_id?: Flag;
  /** Not acted on here: a warning says what your server has to do. */
  readonly notify_on_registration?: {
    /** The URL to notify. */
    readonly url: string;
    /** With which credentials. */
    readonly auth?: TokenAuthenticatorAuth | null;
    /** Whether a failure stops the login. */
    readonly interrupt_on_error?: Flag;
  } | null;
  /** Not acted on here: a warning says what your server has to do. */
  readonly expose_metadata_resource?: Json | null;
}

/** The `epa` part: encrypted tokens. */
export interface TokenAuthenticatorEpaConfig extends KeySettings {
  /** The required `iss`. */
  readonly iss: string;
  /** The required `aud`. */
  readonly resource_id: string;
  /** A private JWK. Either this, or `enc_jwk_file`. */
  readonly enc_jwk?: Json | null;
  /** Path of a PEM private key. */
  readonly enc_jwk_file?: Text;
  /** Not acted on here: a warning says what your server has to do. */
  readonly enc_jwks_endpoint?: Text;
  /** A rule that the claims must meet. */
  readonly validator?: TokenAuthenticatorValidator | null;
  /** Where the localpart is. */
  readonly localpart_path: ClaimPath;
  /** Where the display name is. */
  readonly displayname_path?: ClaimPath | null;
  /** @defaultValue `false` */
  readonly lowercase_localpart?: Flag;
  /** @defaultValue `false` */
  readonly registration_enabled?: Flag;
  /** Not acted on here: a warning says what your server has to do. */
  readonly expose_metadata_resource?: Json | null;
}

/** The module's configuration: in parts, or flat as its first versions had it. */
export type TokenAuthenticatorConfig =
  | {
      /** {@link TokenAuthenticatorJwtConfig} */
      readonly jwt?: TokenAuthenticatorJwtConfig | null;
      /** {@link TokenAuthenticatorOidcConfig} */
      readonly oidc?: TokenAuthenticatorOidcConfig | null;
      /** {@link TokenAuthenticatorOauthConfig} */
      readonly oauth?: TokenAuthenticatorOauthConfig | Record<string, never> | null;
      /** {@link TokenAuthenticatorEpaConfig} */
      readonly epa?: TokenAuthenticatorEpaConfig | null;
    }
  | (Omit<TokenAuthenticatorJwtConfig, "require_expiry"> & {
      /**
       * As `require_expiry`, in the spelling of those versions.
       *
       * @defaultValue `true`
       */
      readonly require_expiracy?: Flag;
    });
