import { reasons } from "../show.js";
import { adviceFor, operatorDetail, reasonOf } from "./advice.js";
import type { Paint } from "./colours.js";
import type { Finding, Findings } from "./findings.js";
import type { Judgement } from "./judge.js";

const INDENT = " ".repeat(17);

const IDENTIFIER = {
  ignore: [],
  match: ["If the login request names a user, it must be this one (identifier)."],
  require: ["The login request must name this user too (identifier)."],
} as const;

export interface ReportOptions {
  /** Failures only. */
  readonly quiet: boolean;
  readonly paint: Paint;
}

/** A judgement for people: the verdict, a line a step, what to change under each failed one, and the verdict again. */
export function report(judgement: Judgement, { quiet, paint }: ReportOptions): string {
  const { findings } = judgement;
  const [plainVerdict, ...more] = verdictOf(judgement);
  const verdict = paint(judgement.refusal === undefined ? "green" : "red", plainVerdict);
  const { steps } = judgement;
  const rows = steps.flatMap((step) => rowsOf(findings.get(step), judgement, quiet, paint));
  const unjudged = quiet
    ? []
    : notJudged(steps.filter((step) => step !== "issuer" && findings.get(step) === undefined));
  const caveats = [...notProven(judgement), ...unjudged];
  const middle = rows.length === 0 ? [] : [...rows, ""];
  return [verdict, "", ...middle, ...caveats, verdict, ...more, ""].join("\n");
}

function verdictOf({ refusal, loginType, findings }: Judgement): readonly [string, ...string[]] {
  if (refusal !== undefined || loginType === undefined) {
    return [`Refused (${reasonOf(refusal)}): ${reasons(refusal)}`, ...others(findings.failures - 1)];
  }
  // What a migrated configuration asks of the request, it asks beside the option.
  const advice = findings.get("authorize")?.advice;
  const { identifier } = loginType;
  const ofRequest = identifier === "ignore" && advice !== undefined ? [advice] : IDENTIFIER[identifier];
  return [`Accepted${conditionOf(findings)}.`, ...ofRequest];
}

/** What only the server knows. */
function conditionOf(findings: Findings): string {
  if (findings.get("user ID")?.asked === false)
    return ", if externalIds.find knows the identity, and findUser its user";
  const isNew = findings.get("new user")?.asked === true;
  // Of a user who exists, only a function of the host's is not asked.
  const byFunction = findings.get("linked")?.asked === false ? " and existingUsers returns true" : "";
  return isNew ? "" : `, if findUser knows the user${byFunction}`;
}

function rowsOf(finding: Finding | undefined, { view }: Judgement, quiet: boolean, paint: Paint): readonly string[] {
  if (finding === undefined) return [];
  const { rule, asked, text, error } = finding;
  if (error === undefined) return quiet ? [] : [row(asked ? paint("green", "pass") : " -", asked ? 4 : 2, rule, text)];
  const facts = [...(text === "" ? [] : text.split("\n")), ...operatorDetail(error)].map((line) => INDENT + line);
  const advice = finding.advice ?? adviceFor(error, view?.adviceFacts);
  return [row(paint("red", "FAIL"), 4, rule, reasons(error)), ...facts, `${INDENT}-> ${advice}`];
}

/** @param width - of the mark, colours aside */
function row(mark: string, width: number, rule: string, text: string): string {
  return `${mark}${" ".repeat(6 - width)}${rule.padEnd(10)} ${text}`;
}

/** Anybody can have written claims that are shown here all the same. */
function notProven({ findings }: Judgement): readonly string[] {
  const proof = findings.get("signature") ?? findings.get("introspection");
  const isProven = proof !== undefined && proof.error === undefined;
  if (isProven || findings.get("subject") === undefined) return [];
  return ["The claims are shown as they are in the token; its signature does not prove them."];
}

function notJudged(steps: readonly string[]): readonly string[] {
  return steps.length === 0 ? [] : [`Not judged, as something else has to be right first: ${steps.join(", ")}.`];
}

function others(count: number): readonly string[] {
  if (count === 0) return [];
  return [count === 1 ? "Another rule is broken as well." : `${String(count)} other rules are broken as well.`];
}
