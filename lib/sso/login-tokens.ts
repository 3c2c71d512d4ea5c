import { randomUUID } from "node:crypto";

import { type SealedTimes, sealFor, type SealSecrets, timesFor } from "./seal.js";

/** Whom an identity provider has signed in. */
export interface SsoIdentity {
  readonly userId: string;
  /** ID of the provider. */
  readonly provider: string;
  readonly iss: string;
  readonly sub: string;
  /** The session at the provider (OpenID Connect Front-Channel Logout 1.0 section 3). */
  readonly sid?: string;
}

interface LoginToken extends SsoIdentity, SealedTimes {
  /** What single use knows it by. */
  readonly name: string;
}

/** Makes and reads login tokens. */
export interface LoginTokens {
  make(identity: SsoIdentity): Promise<string>;
  /**
   * @param token - with its prefix
   * @returns undefined unless it is one of this server's that has not expired
   */
  read(token: string): Promise<LoginToken | undefined>;
}

/** Tells our login tokens from the host's. */
export const LOGIN_TOKEN_PREFIX = "mjl_";
/** Characters: more than those of the longest subject and session ID that an ID token may have. */
const MAX_LENGTH = 8_192;

/** @param lifetime - seconds */
export function loginTokens(secrets: SealSecrets, lifetime: number): LoginTokens {
  const sealed = sealFor("login token", secrets, MAX_LENGTH);
  return {
    async make(identity) {
      return LOGIN_TOKEN_PREFIX + (await sealed.seal({ ...identity, jti: randomUUID(), ...timesFor(lifetime) }));
    },
    async read(token) {
      const content = await sealed.open(token.slice(LOGIN_TOKEN_PREFIX.length));
      if (content === undefined) return undefined;
      const { jti, ...identity } = content as unknown as LoginToken & { readonly jti: string };
      return { ...identity, name: useName("login token", jti) };
    },
  };
}

/** What single use knows something of ours by. No token's signing input looks like it. */
export function useName(purpose: string, ...names: readonly string[]): string {
  return JSON.stringify(["matrix-jwt-login sso", purpose, ...names]);
}
