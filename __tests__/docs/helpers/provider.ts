import { text as body } from "node:stream/consumers";

import type { Algorithm, Fetch, LoginTypeOptions, RejectReason } from "matrix-jwt-login";

import { serve } from "../../helpers/hosts.js";
import { jwk, KEYS } from "../../helpers/keys.js";
import { inSeconds, signed, type Part } from "../../helpers/tokens.js";
import { blocksOf } from "./pages.js";

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

/** What an endpoint answers, by URL without its query: as it is, or a function of the form that was posted. */
type Answers = Readonly<Record<string, unknown>>;
type Answering = (form: URLSearchParams) => unknown;

export interface Provider {
  readonly page: string;
  /** What the guide's block exports its options as. */
  readonly name: string;
  /** What the guide's commands get from the provider. */
  readonly answers: Answers;
  /** What the package gets from the provider. None: it has no keys to publish. */
  readonly documents: Answers;
  readonly cases: readonly Case[];
}

export const KID = "key-1";

/** The key that signs, as a provider publishes it. */
export function signingKey(alg: Algorithm): Readonly<Record<string, unknown>> {
  return jwk(KEYS[alg], { kid: KID, use: "sig", alg });
}

export const SIGNING_KEY = signingKey("RS256");

/** Times of a token that was just issued for an hour. */
export const FRESH = { iat: inSeconds(-5), exp: inSeconds(3_600) };

/** A token signed with the provider's key: by RS256, unless the header says otherwise. */
export function issued(header: Readonly<Record<string, unknown>>, claims: Part): string {
  const { alg = "RS256" } = header as { alg?: Algorithm };
  return signed(claims, { algorithm: alg, header: { kid: KID, ...header } });
}

type Claims = Readonly<Record<string, unknown>>;

/** Claims, less some. */
export function without(claims: Claims, ...names: readonly string[]): Claims {
  return Object.fromEntries(Object.entries(claims).filter(([name]) => !names.includes(name)));
}

/** A provider's discovery document and keys, each at its own URL. */
export function published(issuer: string, jwksUri: string, keys: readonly unknown[]): Answers {
  return { ...discovery(issuer, { jwks_uri: jwksUri }), [jwksUri]: { keys } };
}

/** A provider's discovery document. */
export function discovery(issuer: string, members: object): Answers {
  return { [`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`]: { issuer, ...members } };
}

/** Stands in an answer for the token that the guide shows. */
export const TOKEN = "TOKEN";

/** What the endpoints of the device authorization grant answer (RFC 8628). */
export function device(authorization: string, token: string): Answers {
  const uri = "https://id.example.org/device?user_code=WDJB-MJHT";
  return {
    [authorization]: { device_code: "DEVICE_CODE", user_code: "WDJB-MJHT", verification_uri_complete: uri },
    [token]: { access_token: TOKEN, token_type: "Bearer" },
  };
}

/** The token that a guide shows decoded, as if it had been issued just now. */
export interface Shown {
  readonly header?: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

export function shownIn(page: string): Shown {
  const [block] = blocksOf(page, "json").filter(({ code }) => code.includes('"iat"'));
  if (block === undefined) throw new Error(`${page} must show a token`);
  const shown = JSON.parse(block.code) as Shown | Shown["claims"];
  const { header, claims } = isToken(shown) ? shown : { header: undefined, claims: shown };
  const age = inSeconds(-5) - Number(claims["iat"]);
  const times = Object.entries(claims).filter(([name]) => ["iat", "exp", "nbf", "auth_time"].includes(name));
  const moved = Object.fromEntries(times.map(([name, value]) => [name, Number(value) + age]));
  return { ...(header && { header: { typ: undefined, ...header } }), claims: { ...claims, ...moved } };
}

function isToken(shown: Shown | Shown["claims"]): shown is Shown {
  return "header" in shown;
}

/** The claims that the guide of a provider shows. */
export function claimsOf(page: string): Shown["claims"] {
  return shownIn(`docs/guides/${page}.md`).claims;
}

export interface Internet {
  /** A server on loopback that stands for all providers: their hosts are the first part of its paths. */
  readonly url: string;
  readonly fetch: Fetch;
  /** From now on these are answered as well. */
  readonly answer: (answers: Answers) => void;
  readonly close: () => Promise<void>;
}

export async function serveProviders(providers: readonly Provider[]): Promise<Internet> {
  const answers = new Map<string, unknown>();
  // Two guides may be about one provider, whose document then has what each of them needs.
  for (const [url, document] of providers.flatMap(({ documents }) => Object.entries(documents))) {
    const isDocument = typeof document === "object";
    answers.set(url, isDocument ? { ...(answers.get(url) as object), ...document } : document);
  }
  const realFetch = fetch;
  const { url, close } = await serve((req, res) => {
    const [path = ""] = (req.url ?? "").split("?");
    void body(req).then((form) => {
      const found = answers.get(`https:/${path}`);
      const answer = typeof found === "function" ? (found as Answering)(new URLSearchParams(form)) : found;
      res.statusCode = answer === undefined ? 404 : 200;
      res.setHeader("Content-Type", "application/json");
      res.end(`${JSON.stringify(answer ?? {})}\n`);
    });
  });
  return {
    url,
    fetch: (asked, init) => realFetch(asked.replace(/^https:\//, url), init),
    answer: (more) => {
      for (const [asked, answer] of Object.entries(more)) answers.set(asked, answer);
    },
    close,
  };
}
