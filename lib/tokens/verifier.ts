import { callHost } from "../support/host-failure.js";
import type { ClaimRules } from "./claim-options.js";
import type { ClaimReader } from "./claim-reader.js";
import { CLAIM_RULES } from "./claim-rules.js";
import { TokenError } from "./errors.js";
import { brokenRuleOf } from "./migrated-authorize.js";
import type { TokenRules } from "./options.js";
import type { Decryption } from "./parse-decryption.js";
import type { Proven, SecondProof, TokenReader } from "./proofs/reader.js";
import type { SignedReader } from "./proofs/signed.js";
import { type Steps, STRICT } from "./steps.js";

/** What a host's function returns is checked, whatever its type promises. */
export type Authorize = (...args: Parameters<NonNullable<TokenRules["authorize"]>>) => unknown;

/** Tokens' rules, in the form that verification uses. */
export interface VerifierConfig {
  readonly reader: TokenReader;
  /** The reader of signatures, if {@link reader} is one or hands tokens to one. */
  readonly signed?: SignedReader;
  /** How tokens are decrypted for it. */
  readonly decryption?: Decryption;
  /** Asked last of a token that its reader has proven. */
  readonly secondProof?: SecondProof;
  readonly rules: ClaimRules;
  readonly subject: ClaimReader;
  readonly maxTokenLength: number;
  readonly authorize: Authorize | undefined;
}

/** A token that passed every check but the host's own {@link Verifier.authorize}. */
export interface VerifiedToken extends Proven {
  /** What `subjectClaim` points at: a non-empty string, or `NO_SUBJECT` where there need be none. */
  readonly subject: string;
}

/**
 * Verifies tokens by one login type's options, in this order: length, proof, claim rules, second proof, subject. Whoever asks
 * then applies rules of its own, and calls {@link Verifier.authorize} where it belongs among them.
 */
export class Verifier {
  readonly config: VerifierConfig;

  constructor(config: VerifierConfig) {
    this.config = config;
  }

  async ready(): Promise<void> {
    await Promise.all([this.config.reader.ready(), this.config.secondProof?.ready?.()]);
  }

  /**
   * Synchronous if nothing has to be fetched.
   *
   * @throws TokenError
   * @throws KeysUnavailableError
   */
  verify(token: unknown, steps: Steps = STRICT): VerifiedToken | Promise<VerifiedToken> {
    assertText(token);
    const { reader, maxTokenLength } = this.config;
    steps.check("length", () => {
      assertLength(token, maxTokenLength);
    });
    const proven = reader.read(token, steps);
    return proven instanceof Promise
      ? proven.then((late) => this.#judge(token, late, steps))
      : this.#judge(token, proven, steps);
  }

  #judge(token: string, proven: Proven, steps: Steps): VerifiedToken | Promise<VerifiedToken> {
    this.checkClaims(proven, steps);
    const { secondProof } = this.config;
    if (secondProof === undefined) return this.#withSubject(proven, steps);
    const confirmed = secondProof.confirm(token, proven, steps);
    return confirmed instanceof Promise
      ? confirmed.then((late) => this.#withSubject(late, steps))
      : this.#withSubject(confirmed, steps);
  }

  /** @throws TokenError with the code of the first rule that the claims break */
  checkClaims(token: Pick<Proven, "claims" | "typ">, steps: Steps): void {
    const { rules } = this.config;
    const now = Date.now() / 1_000;
    steps.checks(CLAIM_STEPS, (rule) => {
      rule(token, rules, now);
    });
  }

  /** @throws TokenError */
  subjectOf({ claims, introspection }: Pick<Proven, "claims"> & Partial<Proven>, steps: Steps): string {
    return steps.take("subject", () => {
      const subject = this.config.subject(claims, introspection);
      if (typeof subject === "string" && subject !== "") return subject;
      throw new TokenError("subject", "token has no usable subject");
    });
  }

  /**
   * The host's own final check. Undefined if there is nothing to wait for.
   *
   * @throws TokenError `unauthorized`
   * @throws HostFailure if the host's function throws
   */
  authorize(
    { claims, introspection }: VerifiedToken,
    submission: Readonly<Record<string, unknown>>,
  ): Promise<void> | undefined {
    const { authorize } = this.config;
    if (authorize === undefined) return undefined;
    const second = introspection === undefined ? [] : ([introspection] as const);
    return assertAuthorized(
      () => authorize(claims, submission, ...second),
      () => brokenRuleOf(authorize)?.(claims, submission, ...second),
    );
  }

  #withSubject(proven: Proven, steps: Steps): VerifiedToken {
    const { claims, typ, fingerprint, verifiedBy, introspection } = proven;
    const subject = this.subjectOf(proven, steps);
    return { claims, typ, fingerprint, verifiedBy, introspection, subject };
  }
}

const CLAIM_STEPS = Object.entries(CLAIM_RULES);

/** @param brokenRule - its name, if it is known */
async function assertAuthorized(ask: () => unknown, brokenRule: () => string | undefined): Promise<void> {
  if ((await callHost("authorize", ask)) === true) return;
  const rule = brokenRule();
  throw new TokenError("unauthorized", `token not authorized${rule === undefined ? "" : `: ${rule}`}`);
}

export function assertText(token: unknown): asserts token is string {
  if (typeof token !== "string") throw new TokenError("missing", "token is missing or not a string");
}

export function assertLength(token: string, maxTokenLength: number): void {
  if (token.length <= maxTokenLength) return;
  throw new TokenError("too_long", "token is longer than the option `maxTokenLength` allows");
}
