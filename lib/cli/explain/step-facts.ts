import type { KeyObject } from "node:crypto";

import { CLAIM_RULES, type ClaimedToken, type Claims } from "../../tokens/claims.js";
import type { Algorithm } from "../../tokens/readers/algorithms.js";
import { unverifiedClaims, type CompactToken, type JoseHeader } from "../../tokens/readers/compact.js";
import type { Proven } from "../../tokens/readers/reader.js";
import type { VerifierConfig } from "../../tokens/verifier.js";
import { show } from "../show.js";
import { CLAIM_FACTS } from "./claim-facts.js";
import { seen, type Facts } from "./findings.js";
import { nearMiss } from "./near-miss.js";

const SIGNED_STEPS = ["shape", "crit", "alg", "key", "signature"] as const;

/** The steps of a verifier, in their order. */
export function tokenSteps({ signed, confirmation, decryption }: VerifierConfig): readonly string[] {
  return [
    "length",
    ...(decryption === undefined ? [] : ["decryption"]),
    ...(signed === undefined ? ["characters", "introspection"] : SIGNED_STEPS),
    ...Object.keys(CLAIM_RULES),
    ...(confirmation === undefined ? [] : ["introspection"]),
    "subject",
  ];
}

/** What is seen of a token while its verifier's steps run. Of its claims nothing is proven until its signature is. */
export class TokenView {
  readonly text: string;
  readonly config: VerifierConfig;
  /** Where the keys come from, in words. */
  readonly source: string;
  readonly now = Date.now() / 1_000;
  header: JoseHeader = {};
  /** Undefined if they can't be read. */
  claims: Claims | undefined;
  #token: CompactToken | undefined;
  #keys: readonly KeyObject[] = [];

  constructor(text: string, config: VerifierConfig, source: string) {
    this.text = text;
    this.config = config;
    this.source = source;
  }

  /** What a step of the verifier's looked at. */
  factsOf(step: string, result: unknown): Facts {
    const facts = STEP_FACTS[step];
    if (facts !== undefined) return facts(this, result);
    return CLAIM_FACTS[step as keyof typeof CLAIM_RULES](this.claimed, this.config.rules, this.now);
  }

  get claimed(): ClaimedToken {
    return { claims: { ...this.claims }, typ: this.header.typ };
  }

  shaped(token: CompactToken): void {
    this.#token = token;
    this.header = token.header;
    this.claims = claimsIn(token);
  }

  found(keys: readonly KeyObject[] = []): void {
    this.#keys = keys;
  }

  get nearMiss(): string {
    // If the claims can't be read, the signature is not what is wrong.
    if (this.#token === undefined || this.claims === undefined) return "";
    return nearMiss(this.#token, this.header.alg as Algorithm, this.#keys);
  }
}

type StepFacts = (view: TokenView, result: unknown) => Facts;

const STEP_FACTS: Readonly<Record<string, StepFacts>> = {
  length: ({ text, config }) => seen(`${String(text.length)} characters of at most ${String(config.maxTokenLength)}`),
  characters: () => seen("those of a bearer token (RFC 6750 section 2.1)"),
  decryption(_view, inner) {
    return seen(inner === undefined ? "" : "5 parts; a signed token is in it, which is judged from here on");
  },
  introspection(view, answer) {
    if (answer === undefined) return seen("");
    view.claims ??= answer as Claims;
    return seen("active");
  },
  shape(view, token) {
    if (token === undefined) return seen(`parts between dots: ${String(view.text.split(".").length)}`);
    view.shaped(token as CompactToken);
    return seen("3 parts in base64url; header and claims are JSON objects");
  },
  crit: ({ header }) => seen(`${show(header.crit)} in the header; none is supported`),
  alg: ({ header, config }) =>
    seen(`${show(header.alg)} in the header; allowed: ${[...(config.signed?.algorithms ?? [])].join(", ")}`),
  key(view, result) {
    const keys = result as readonly KeyObject[] | undefined;
    view.found(keys);
    const { alg, kid } = view.header;
    const wanted = kid === undefined ? String(alg) : `${String(alg)} and kid ${show(kid)}`;
    const found = `${keys === undefined ? "none" : String(keys.length)} for ${wanted} in ${view.source}`;
    const query = { algorithm: alg as Algorithm, kid: typeof kid === "string" ? kid : undefined };
    const why = keys === undefined ? view.config.signed?.keys.describe(query) : undefined;
    return seen(why === undefined ? found : `${found}\n${why}`);
  },
  signature(view, proven) {
    if (proven === undefined) return seen(view.nearMiss);
    view.claims = (proven as Proven).claims;
    return seen("good");
  },
  subject({ claimed: { claims } }, subject) {
    const texts = Object.keys(claims).filter((name) => typeof claims[name] === "string");
    return seen(subject === undefined ? `claims that are text: ${show(texts)}` : show(subject));
  },
};

function claimsIn(token: CompactToken): Claims | undefined {
  try {
    return unverifiedClaims(token);
  } catch {
    return undefined;
  }
}
