import type { KeyObject } from "node:crypto";

import { isEncrypted } from "../../tokens/compact.js";
import { decodedFrom } from "../decode.js";
import { printableJson, reasons } from "../show.js";
import { adviceFor, operatorDetail, reasonOf } from "./advice.js";
import type { Judgement } from "./judge.js";

/** A judgement for programs: one JSON object. */
export function jsonReport({ findings, refusal, steps, view, token }: Judgement): string {
  const shaped = view === undefined ? undefined : { header: view.shapedHeader, claims: view.claims };
  // Of an encrypted token that could not be opened, its own header is all that can be told.
  const isSealed = shaped === undefined || (shaped.header === undefined && isEncrypted(token));
  const read = isSealed ? decodedFrom(token) : shaped;
  const checks = steps.flatMap((step) => {
    const finding = findings.get(step);
    if (finding === undefined) return [];
    const { rule, asked, text, error, advice } = finding;
    if (error === undefined) {
      return [{ name: rule, result: asked ? "pass" : "skip", text, ...(advice !== undefined && { advice }) }];
    }
    const why = [reasons(error), text, ...operatorDetail(error)].filter((part) => part !== "").join("; ");
    return [{ name: rule, result: "fail", text: why, advice: advice ?? adviceFor(error, view?.adviceFacts) }];
  });
  return `${printableJson({
    accepted: refusal === undefined,
    code: refusal === undefined ? null : reasonOf(refusal),
    checks,
    header: read?.header ?? null,
    claims: read?.claims ?? null,
    keys: (view?.keys ?? []).map(described),
  })}\n`;
}

/** Nothing of the key itself. */
function described({ type, asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObject): object {
  const { modulusLength, namedCurve } = asymmetricKeyDetails;
  return {
    type,
    ...(asymmetricKeyType !== undefined && { kty: asymmetricKeyType }),
    ...(modulusLength !== undefined && { bits: modulusLength }),
    ...(namedCurve !== undefined && { curve: namedCurve }),
  };
}
