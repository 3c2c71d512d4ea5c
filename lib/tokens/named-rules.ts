import type { TokenRules } from "./options.js";

type Authorize = NonNullable<TokenRules["authorize"]>;
type Asked = Parameters<Authorize>;

/** A rule with its name: the setting that it comes from, or what else an operator can find it by. */
export type Rule = readonly [name: string, isKept: (...asked: Asked) => boolean];

const BROKEN_RULE = Symbol.for("matrix-jwt-login.brokenRule");

/** An `authorize` that asks for all of these, and can say which of them is broken. */
export function authorizeBy(rules: readonly Rule[]): Authorize {
  const broken = (...asked: Asked) => rules.find(([, isKept]) => !isKept(...asked))?.[0];
  const authorize: Authorize = (...asked) => broken(...asked) === undefined;
  return Object.defineProperty(authorize, BROKEN_RULE, { value: broken });
}

/** The name of the first broken rule; undefined if none is, or if `authorize` is not of a migrated configuration. */
export function brokenRule(authorize: unknown, ...asked: Asked): string | undefined {
  return (authorize as { readonly [BROKEN_RULE]?: (...asked: Asked) => string | undefined })[BROKEN_RULE]?.(...asked);
}
