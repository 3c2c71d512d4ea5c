import type { ClaimRules } from "../claim-options.js";
import { checkConfirmation, checkPurpose, type Claims } from "../claim-rules.js";
import { malformed } from "../compact.js";
import { TokenError } from "../errors.js";
import type { Introspection } from "../introspection.js";
import { peek } from "../peek.js";
import type { Steps } from "../steps.js";
import type { Proven, SecondProof, TokenReader } from "./reader.js";

/** RFC 6750 section 2.1. */
const B64TOKEN = /^[\w.~+/-]+=*$/;

/** Proves a token by the answer of its issuer's introspection endpoint, whose members are the claims. */
export class IntrospectedReader implements TokenReader {
  readonly #introspection: Introspection;

  constructor(introspection: Introspection) {
    this.#introspection = introspection;
  }

  ready(): Promise<void> {
    return this.#introspection.ready();
  }

  async read(token: string, steps: Steps): Promise<Proven> {
    steps.take("characters", () => {
      if (!B64TOKEN.test(token)) throw malformed("it has characters that no bearer token has (RFC 6750 section 2.1)");
    });
    const { header = {}, claims: claimed = {} } = peek(token);
    const answer = await steps.take("introspection", () => {
      // The answer need not say what the token is made for.
      checkPurpose({ typ: header.typ, claims: claimed });
      return this.#introspection.ask(token);
    });
    const claims = this.#claimsOf(answer);
    return { claims, fingerprint: fingerprintOf(token), verifiedBy: undefined, introspection: answer };
  }

  /** An answer that names no issuer is the answer of the issuer that was asked. */
  #claimsOf(answer: Claims): Claims {
    const { issuer } = this.#introspection;
    return answer.iss === undefined && issuer !== undefined ? { ...answer, iss: issuer } : answer;
  }
}

/**
 * The server that is asked may read a token leniently. So what stands around a JWT's header and claims, padding, unused bits and
 * base64 for base64url make no other token of it; an opaque token is its text.
 */
function fingerprintOf(token: string): string {
  const text = token.replace(/=+$/, "");
  const parts = text.split(".");
  const isJwt = peek(parts.slice(0, 3).join(".")).claims !== undefined;
  const isEncrypted = !isJwt && peek(parts.slice(0, 5).join(".")).shape === "encrypted";
  if (!isEncrypted && !isJwt) return text;
  const said = parts.slice(0, isJwt ? 2 : 5);
  return said.map((part) => Buffer.from(part, "base64url").toString("base64url")).join(".");
}

type ConfirmationRules = Pick<ClaimRules, "allowSenderConstrained">;

/** Asks whether a token that its signature proves is still active. */
export class SecondIntrospection implements SecondProof {
  readonly #introspection: Introspection;
  readonly #rules: ConfirmationRules;

  constructor(introspection: Introspection, rules: ConfirmationRules) {
    this.#introspection = introspection;
    this.#rules = rules;
  }

  ready(): Promise<void> {
    return this.#introspection.ready();
  }

  async confirm(token: string, proven: Proven, steps: Steps): Promise<Proven> {
    const answer = await steps.take("introspection", async () => {
      const active = await this.#introspection.ask(token);
      assertSame(proven.claims, active);
      // RFC 8705 section 3.2: the answer may say of a binding what the token does not.
      checkConfirmation({ claims: active }, this.#rules);
      return active;
    });
    return { ...proven, introspection: answer };
  }
}

/** An answer about somebody else is no answer about this token. */
function assertSame(claims: Claims, answer: Claims): void {
  for (const name of ["sub", "iss", "client_id"]) {
    const [one, other] = [claims[name], answer[name]];
    if (isThere(one) && isThere(other) && one !== other) {
      throw new TokenError("inactive", `token is not the one that its issuer's answer is about (${name})`);
    }
  }
}

function isThere(value: unknown): boolean {
  return value !== undefined && value !== null;
}
