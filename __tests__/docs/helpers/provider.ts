import type { Fetch, LoginTypeOptions, RejectReason } from "matrix-jwt-login";

import { jwk, RSA } from "../../helpers/keys.js";
import { serveIdentityProvider } from "../../helpers/identity-provider.js";
import { text } from "../../helpers/jwks-server.js";
import { inSeconds, signed, type Part } from "../../helpers/tokens.js";

/** One token of a provider's, and what becomes of it at a server that takes everybody in. */
export interface Case {
  readonly what: string;
  readonly token: string;
  /** What the reader has set otherwise than in the guide's block. */
  readonly set?: Readonly<Partial<Record<keyof LoginTypeOptions, unknown>>>;
  /** The user who is logged in, or why nobody is. */
  readonly becomes: `@${string}` | RejectReason;
  readonly displayName?: string;
}

export interface Provider {
  readonly page: string;
  /** What the guide's block exports its options as. */
  readonly name: string;
  /** What the provider answers, by URL. None: it has no keys to publish. */
  readonly documents: Readonly<Record<string, unknown>>;
  readonly cases: readonly Case[];
}

export const KID = "key-1";

/** The key that signs, as a provider publishes it. */
export const SIGNING_KEY = jwk(RSA, { kid: KID, use: "sig", alg: "RS256" });

/** Times of a token that was just issued for an hour. */
export const FRESH = { iat: inSeconds(-5), exp: inSeconds(3_600) };

/** A token signed with the provider's key. */
export function issued(header: Readonly<Record<string, unknown>>, claims: Part): string {
  return signed(claims, { algorithm: "RS256", header: { kid: KID, ...header } });
}

/** Claims, less some. */
export function without(claims: Readonly<Record<string, unknown>>, ...names: readonly string[]): object {
  return Object.fromEntries(Object.entries(claims).filter(([name]) => !names.includes(name)));
}

/** A provider's discovery document and keys, each at its own URL. */
export function published(
  issuer: string,
  jwksUri: string,
  keys: readonly unknown[],
): Readonly<Record<string, unknown>> {
  const discovery = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  return { [discovery]: { issuer, jwks_uri: jwksUri }, [jwksUri]: { keys } };
}

export interface Internet {
  /** Asks the server on loopback that stands for all providers. */
  readonly fetch: Fetch;
  readonly close: () => Promise<void>;
}

/** One server on loopback that answers for all providers' hosts. */
export async function serveProviders(providers: readonly Provider[]): Promise<Internet> {
  const server = await serveIdentityProvider();
  const realFetch = fetch;
  for (const [url, document] of providers.flatMap(({ documents }) => Object.entries(documents))) {
    server.answer(`/${encodeURIComponent(url)}`, text(JSON.stringify(document)));
  }
  return {
    fetch: (url, init) => realFetch(`${server.url}/${encodeURIComponent(url)}`, init),
    close: server.close,
  };
}
