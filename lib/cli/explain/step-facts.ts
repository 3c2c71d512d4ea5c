import type { KeyObject } from "node:crypto";

import type { Algorithm } from "../../tokens/algorithms.js";
import { CLAIM_RULES, type ClaimedToken, type Claims } from "../../tokens/claim-rules.js";
import { type CompactToken, type JoseHeader, unverifiedClaims } from "../../tokens/compact.js";
import { MAX_CANDIDATES } from "../../tokens/keys/key-source.js";
import { peek } from "../../tokens/peek.js";
import type { Proven } from "../../tokens/proofs/reader.js";
import type { StepName } from "../../tokens/steps.js";
import type { VerifierConfig } from "../../tokens/verifier.js";
import { show } from "../show.js";
import type { AdviceFacts } from "./advice.js";
import { CLAIM_FACTS } from "./claim-facts.js";
import { type Facts, seen } from "./findings.js";
import { type NearMiss, nearMiss } from "./near-miss.js";
import type { InWords } from "./source.js";

const SIGNED_STEPS = ["shape", "crit", "alg", "key", "signature"] as const;

/** The steps of a verifier, in their order. */
export function tokenSteps({ signed, secondProof, decryption }: VerifierConfig): readonly string[] {
  return [
    "length",
    ...(decryption === undefined ? [] : ["decryption"]),
    ...(signed === undefined ? ["characters", "introspection"] : SIGNED_STEPS),
    ...Object.keys(CLAIM_RULES),
    ...(secondProof === undefined ? [] : ["introspection"]),
    "subject",
  ];
}

/** What is seen of a token while its verifier's steps run. Of its claims nothing is proven until its signature is. */
export class TokenView {
  readonly text: string;
  readonly config: VerifierConfig;
  readonly inWords: InWords;
  readonly now = Date.now() / 1_000;
  header: JoseHeader = {};
  /** Undefined if they can't be read. */
  claims: Claims | undefined;
  #token: CompactToken | undefined;
  #keys: readonly KeyObject[] = [];

  constructor(text: string, config: VerifierConfig, inWords: InWords) {
    this.text = text;
    this.config = config;
    this.inWords = inWords;
  }

  /** What a step of the verifier's looked at. */
  factsOf(step: string, result: unknown): Facts {
    return step in CLAIM_FACTS
      ? CLAIM_FACTS[step as keyof typeof CLAIM_RULES](this.claimed, this.config.rules, this.now)
      : STEP_FACTS[step as StepName](this, result);
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

  get nearMiss(): NearMiss | undefined {
    // If the claims can't be read, the signature is not what is wrong.
    if (this.#token === undefined || this.claims === undefined) return undefined;
    return nearMiss(this.#token, this.header.alg as Algorithm, this.#keys) ?? this.#oneOfMany();
  }

  /** Of a set's keys only so many are tried if a token has no `kid`. */
  #oneOfMany(): NearMiss | undefined {
    const isSet = this.config.signed?.keys.usesKid === true;
    if (!isSet || this.header.kid !== undefined || this.#keys.length < MAX_CANDIDATES) return undefined;
    return {
      text: `tried with ${String(MAX_CANDIDATES)} keys, and there may be more`,
      advice: "Have the issuer set kid, so that the right key is found among so many.",
    };
  }

  get keys(): readonly KeyObject[] {
    return this.#keys;
  }

  /** Undefined if the token could not be taken apart. */
  get shapedHeader(): JoseHeader | undefined {
    return this.#token && this.header;
  }

  get adviceFacts(): AdviceFacts {
    return { alg: this.header.alg, possible: this.config.signed?.keys.possibleAlgorithms ?? new Set() };
  }
}

type StepFacts = (view: TokenView, result: unknown) => Facts;

const STEP_FACTS: Readonly<Record<StepName, StepFacts>> = {
  length: ({ text, config }) => seen(`${String(text.length)} characters of at most ${String(config.maxTokenLength)}`),
  characters: () => seen("those of a bearer token (RFC 6750 section 2.1)"),
  decryption({ text }, inner) {
    const outer = encryptionOf(text);
    return seen(
      inner === undefined ? outer : `5 parts; a signed token is in it, which is judged from here on; ${outer}`,
    );
  },
  introspection(view, answer) {
    if (answer === undefined) {
      const { typ } = peek(view.text).claims ?? {};
      return seen(typ === undefined ? "" : `typ ${show(typ)} among the claims`);
    }
    view.claims ??= answer as Claims;
    return seen("active");
  },
  shape(view, token) {
    if (token === undefined) return shapeless(view.text);
    view.shaped(token as CompactToken);
    return seen("3 parts in base64url; header and claims are JSON objects");
  },
  crit: ({ header }) => seen(`${show(header.crit)} in the header; none is supported`),
  alg: ({ header, config: { signed } }) =>
    seen(
      `${show(header.alg)} in the header; allowed: ${Array.from(signed?.algorithms as Iterable<string>).join(", ")}`,
    ),
  key(view, result) {
    const keys = result as readonly KeyObject[] | undefined;
    view.found(keys);
    const { alg, kid } = view.header;
    const wanted = kid === undefined ? String(alg) : `${String(alg)} and kid ${show(kid)}`;
    const found = `${keys === undefined ? "none" : String(keys.length)} for ${wanted} in ${view.inWords.source}`;
    const query = { algorithm: alg as Algorithm, kid: typeof kid === "string" ? kid : undefined };
    const why = keys === undefined ? view.config.signed?.keys.describe?.(query) : undefined;
    return seen(why === undefined ? found : `${found}\n${why}`);
  },
  signature(view, proven) {
    if (proven === undefined) return { ...seen(""), ...view.nearMiss };
    view.claims = (proven as Proven).claims;
    return seen("good");
  },
  subject(view, subject) {
    if (subject !== undefined) return seen(show(subject));
    const { claims } = view.claimed;
    const texts = Object.keys(claims).filter((name) => typeof claims[name] === "string");
    const found = valueAt(view.config, claims);
    const others = `claims that are text: ${show(texts)}`;
    const { subjectClaim } = view.inWords;
    if (typeof found !== "number") {
      return seen(subjectClaim === undefined ? others : `${others}; subjectClaim is ${subjectClaim}`);
    }
    return {
      ...seen(`found the number ${show(found)}; ${others}`),
      advice:
        'If numbers name your users, set subjectClaim: ({ sub }) => typeof sub === "number" ? String(sub) : undefined.',
    };
  },
};

/** What the header of an encrypted token says (RFC 7516 section 4); nothing if it can't be read. */
function encryptionOf(text: string): string {
  try {
    const header = Buffer.from(text.slice(0, text.indexOf(".")), "base64url").toString();
    const { alg, enc, kid } = JSON.parse(header) as Readonly<Record<string, unknown>>;
    return `alg ${show(alg)}, enc ${show(enc)}, kid ${show(kid)}`;
  } catch {
    return "";
  }
}

function claimsIn(token: CompactToken): Claims | undefined {
  try {
    return unverifiedClaims(token);
  } catch {
    return undefined;
  }
}

function shapeless(text: string): Facts {
  const parts = text.split(".");
  const facts = seen(`parts between dots: ${String(parts.length)}`);
  if (parts.length === 5) {
    return {
      ...seen("five parts: an encrypted token (JWE)"),
      advice: "Set the option decryption, or have the issuer send the token signed and not encrypted.",
    };
  }
  const around = new Set(text.match(/[^\w.+/=-]|=(?=[^=.])/g));
  if (around.size > 0) {
    return {
      ...seen(`characters that are no part of a token: ${show([...around])}`),
      advice: "Give the token alone, without what is around it.",
    };
  }
  if (parts.length !== 3 || !/[=+/]/.test(text)) return facts;
  return {
    ...seen("a part is base64 with padding, or of the alphabet with + and /"),
    advice: "Have the issuer write base64url without padding (RFC 7515 section 2).",
  };
}

/** What `subjectClaim` points at. A function of the host's that fails is reported as such. */
function valueAt({ subject }: VerifierConfig, claims: Claims): unknown {
  try {
    return subject(claims);
  } catch {
    return undefined;
  }
}
