import { KeysUnavailableError } from "../../remote/errors.js";
import { printable, reasons } from "../show.js";
import { ADVICE, reasonOf } from "./advice.js";
import type { Finding, Findings } from "./findings.js";
import { rulesOf, type Judgement } from "./judge.js";

const INDENT = " ".repeat(17);

const IDENTIFIER = {
  ignore: [],
  match: ["Where the login request names a user, it must be this one (identifier)."],
  require: ["The login request must name this user too (identifier)."],
} as const;

/** A judgement for people: a line a rule, what to change under each broken one, and the verdict. */
export function report({ loginType, findings, refusal }: Judgement): string {
  const rules = rulesOf(loginType);
  const rows = rules.flatMap((rule) => rowsOf(findings.get(rule)));
  const unjudged = rules.filter((rule) => findings.get(rule) === undefined);
  const verdict =
    refusal === undefined
      ? ["Accepted, if findUser knows the user or allowRegistration is on.", ...IDENTIFIER[loginType.identifier]]
      : [`Refused (${reasonOf(refusal)}): ${reasons(refusal)}`, ...others(findings.failures - 1)];
  const caveats = [...notProven(findings), ...notJudged(unjudged)];
  return [...rows, "", ...caveats, ...verdict, ""].join("\n");
}

function rowsOf(finding: Finding | undefined): readonly string[] {
  if (finding === undefined) return [];
  const { rule, asked, text, error } = finding;
  if (error === undefined) return [row(asked ? "pass" : " -", rule, text)];
  const detail = error instanceof KeysUnavailableError ? [printable(error.detail)] : [];
  const facts = [...(text === "" ? [] : text.split("\n")), ...detail].map((line) => INDENT + line);
  return [row("FAIL", rule, reasons(error)), ...facts, `${INDENT}-> ${ADVICE[reasonOf(error)]}`];
}

function row(mark: string, rule: string, text: string): string {
  return `${mark.padEnd(6)}${rule.padEnd(11)}${text}`;
}

/** Anybody can have written claims that are shown here all the same. */
function notProven(findings: Findings): readonly string[] {
  const proof = findings.get("signature") ?? findings.get("introspection");
  const isProven = proof !== undefined && proof.error === undefined;
  if (isProven || findings.get("subject") === undefined) return [];
  return ["The claims are shown as they are in the token; its signature does not prove them."];
}

function notJudged(rules: readonly string[]): readonly string[] {
  return rules.length === 0 ? [] : [`Not judged, as something else has to be right first: ${rules.join(", ")}.`];
}

function others(count: number): readonly string[] {
  if (count === 0) return [];
  return [count === 1 ? "Another rule is broken as well." : `${String(count)} other rules are broken as well.`];
}
