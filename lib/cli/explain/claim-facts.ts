import type { ClaimRules } from "../../tokens/claim-options.js";
import { type CLAIM_RULES, type ClaimedToken, LATEST_TIME } from "../../tokens/claim-rules.js";
import { show, showSet, showTime } from "../show.js";
import { type Facts, notAsked, seen } from "./findings.js";

type ClaimFacts = (token: ClaimedToken, rules: ClaimRules, now: number) => Facts;

/** What each rule of the claims looks at, and what it would have there. */
export const CLAIM_FACTS: Readonly<Record<keyof typeof CLAIM_RULES, ClaimFacts>> = {
  purpose: ({ typ, claims: { events } }) => seen(`typ ${show(typ)}, events ${show(events)}`),
  typ: ({ typ }, { tokenType }) =>
    tokenType === undefined
      ? notAsked("tokenType is not set")
      : seen(`${show(typ)} in the header; required: ${show(tokenType)}`),
  exp: timeFacts("exp"),
  lifetime: ({ claims }, { maxTokenLifetime }, now) =>
    maxTokenLifetime === undefined
      ? notAsked("maxTokenLifetime is not set")
      : seen(`exp ${time(claims.exp, now)}; at most ${String(maxTokenLifetime)} s ahead`),
  nbf: timeFacts("nbf"),
  iat: timeFacts("iat"),
  age: ({ claims }, { maxTokenAge }, now) =>
    maxTokenAge === undefined
      ? notAsked("maxTokenAge is not set")
      : seen(`iat ${time(claims.iat, now)}; at most ${String(maxTokenAge)} s old`),
  iss: ({ claims }, { issuers }) =>
    issuers === undefined ? notAsked("issuer is not set") : seen(`${show(claims.iss)}; required: ${showSet(issuers)}`),
  aud: ({ claims: { aud } }, { audiences }) => {
    if (audiences === null) return notAsked("audience is null");
    return seen(`${show(aud)}; ${audiences === undefined ? "audience is not set" : `required: ${showSet(audiences)}`}`);
  },
  cnf: ({ claims }, { allowSenderConstrained }) =>
    allowSenderConstrained ? notAsked("allowSenderConstrained is on") : seen(show(claims["cnf"])),
  scope: ({ claims }, { requiredScopes }) =>
    requiredScopes.length === 0
      ? notAsked("requiredScopes is not set")
      : seen(`scope ${show(claims["scope"])}, scp ${show(claims["scp"])}; required: ${show(requiredScopes)}`),
};

function timeFacts(name: "exp" | "nbf" | "iat"): ClaimFacts {
  return ({ claims }, { clockTolerance }, now) =>
    seen(`${time(claims[name], now)}; leeway ${String(clockTolerance)} s`);
}

function time(value: unknown, now: number): string {
  if (typeof value !== "number") return show(value);
  return value > LATEST_TIME
    ? `${String(value)}, which looks like milliseconds and must be seconds`
    : showTime(value, now);
}
