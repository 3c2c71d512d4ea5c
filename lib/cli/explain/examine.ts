import { ALGORITHMS } from "../../tokens/readers/algorithms.js";
import { CLAIM_RULES, type Claims, type ClaimedToken } from "../../tokens/claims.js";
import { checkCritical, parseCompact, type CompactToken, type JoseHeader } from "../../tokens/readers/compact.js";
import type { KeyQuery } from "../../tokens/keys/key-source.js";
import type { VerifierConfig } from "../../tokens/parse-options.js";
import { allowedAlgorithm, checkKnown, checkLength, subjectOf, verifiedClaims } from "../../tokens/verifier.js";
import { show } from "../show.js";
import { CLAIM_FACTS } from "./claim-facts.js";
import { seen, type Facts, type Findings } from "./findings.js";
import { nearMiss } from "./near-miss.js";

const CLAIM_NAMES = Object.keys(CLAIM_RULES) as (keyof typeof CLAIM_RULES)[];

/** The rules of {@link examine}, in the order in which they are applied. */
export const TOKEN_RULES: readonly string[] = [
  "length",
  "shape",
  "crit",
  "alg",
  "key",
  "signature",
  ...CLAIM_NAMES,
  "subject",
];

/** What tokens are examined by. */
export interface Measure {
  readonly config: VerifierConfig;
  /** Where its keys come from, in words. */
  readonly source: string;
  readonly findings: Findings;
}

/** What a token says, be it true or not. */
export interface Said {
  readonly claims: Claims;
  readonly subject: string | undefined;
}

/**
 * Applies each rule of a verifier, in its order, but goes on after a broken one with all that can still be judged.
 *
 * @returns what the token says, proven or not; undefined where it can't be read
 */
export async function examine(text: string, measure: Measure): Promise<Said | undefined> {
  const { config, findings } = measure;
  await findings.apply("length", lengthFacts(text, config), () => {
    checkLength(text, config);
  });
  const token = await findings.apply("shape", shapeFacts(text), () => parseCompact(text));
  if (token === undefined) return undefined;
  const { header } = token;
  await findings.apply("crit", critFacts(header), () => {
    checkCritical(header);
  });
  await findings.apply("alg", algorithmFacts(header, config), () => allowedAlgorithm(header, config));
  const unproven = read(token);
  const claims = (await proven(token, measure, unproven)) ?? unproven;
  return claims && examineClaims({ header, claims }, measure);
}

/** The claims, if their signature is good. A key is looked for even where the algorithm is not an allowed one. */
async function proven(
  token: CompactToken,
  { config, source, findings }: Measure,
  unproven: Claims | undefined,
): Promise<Claims | undefined> {
  const { alg, kid } = token.header;
  const algorithm = ALGORITHMS.find((name) => name === alg);
  if (algorithm === undefined) return undefined;
  const query = { algorithm, kid };
  const keys = await findings.apply("key", keyFacts(query, source), async () => {
    const found = await config.keys.keysFor(query);
    checkKnown(found);
    return found;
  });
  if (keys === undefined) return undefined;
  // Where the claims can't be read the signature is not what is wrong.
  const miss = () => (unproven === undefined ? "" : nearMiss(token, algorithm, keys));
  return findings.apply(
    "signature",
    (claims) => seen(claims === undefined ? miss() : "good"),
    () => verifiedClaims(token, algorithm, keys),
  );
}

function read({ payload }: CompactToken): Claims | undefined {
  try {
    return JSON.parse(payload.toString()) as Claims;
  } catch {
    return undefined;
  }
}

async function examineClaims(token: ClaimedToken, { config, findings }: Measure): Promise<Said> {
  const now = Date.now() / 1_000;
  for (const name of CLAIM_NAMES) {
    const facts = CLAIM_FACTS[name](token, config.rules, now);
    const check = () => {
      CLAIM_RULES[name](token, config.rules, now);
    };
    await findings.apply(name, () => facts, check);
  }
  const { claims } = token;
  const subject = await findings.apply("subject", subjectFacts(claims), () => subjectOf(claims, config));
  return { claims, subject };
}

function lengthFacts(text: string, { maxTokenLength }: VerifierConfig): () => Facts {
  return () => seen(`${String(text.length)} characters of at most ${String(maxTokenLength)}`);
}

function shapeFacts(text: string): (token?: unknown) => Facts {
  const parts = String(text.split(".").length);
  return (token) =>
    seen(
      token === undefined ? `parts between dots: ${parts}` : "3 parts in base64url; header and claims are JSON objects",
    );
}

function critFacts({ crit }: JoseHeader): () => Facts {
  return () => seen(`${show(crit)} in the header; none is supported`);
}

function algorithmFacts({ alg }: JoseHeader, { algorithms }: VerifierConfig): () => Facts {
  return () => seen(`${show(alg)} in the header; allowed: ${[...algorithms].join(", ")}`);
}

function keyFacts({ algorithm, kid }: KeyQuery, source: string): (keys?: readonly unknown[]) => Facts {
  const wanted = kid === undefined ? algorithm : `${algorithm} and kid ${show(kid)}`;
  return (keys = []) => seen(`${keys.length === 0 ? "none" : String(keys.length)} for ${wanted} in ${source}`);
}

function subjectFacts(claims: Claims): (subject?: string) => Facts {
  const texts = Object.keys(claims).filter((name) => typeof claims[name] === "string");
  return (subject) => seen(subject === undefined ? `claims that are text: ${show(texts)}` : show(subject));
}
