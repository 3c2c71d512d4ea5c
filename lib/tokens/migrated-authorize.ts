import type { TokenRules } from "./options.js";

type Authorize = NonNullable<TokenRules["authorize"]>;
type Asked = Parameters<Authorize>;

/** A rule with its name: the setting that it comes from, or what else it can be found by. A refusal tells it: no value is in it. */
export type Rule = readonly [name: string, isKept: (...asked: Asked) => boolean];

/** Gives the name of the first broken rule; undefined: all are kept. */
type BrokenRule = (...asked: Asked) => string | undefined;

const BROKEN_RULE = Symbol.for("matrix-jwt-login.brokenRule");

/** An `authorize` that asks for all of these, and can say which of them is broken. */
export function authorizeBy(rules: readonly Rule[]): Authorize {
  const broken: BrokenRule = (...asked) => rules.find(([, isKept]) => !isKept(...asked))?.[0];
  const authorize: Authorize = (...asked) => broken(...asked) === undefined;
  return Object.defineProperty(authorize, BROKEN_RULE, { value: broken });
}

/** Undefined: it is a function of the host's own. */
export function brokenRuleOf(authorize: object): BrokenRule | undefined {
  return (authorize as { readonly [BROKEN_RULE]?: BrokenRule })[BROKEN_RULE];
}
