import { at, flag, numberFrom, oneOf, type OptionReader } from "../support/checks.js";
import { OptionsError } from "../support/options-error.js";
import type { HttpOptions } from "./options.js";

export type HttpConfig = Required<HttpOptions>;

export const HTTP_OPTION_NAMES = [
  "flows",
  "unknownLoginType",
  "bodyLimit",
  "cors",
] as const satisfies readonly (keyof HttpOptions)[];

/** @throws OptionsError */
export function parseHttpOptions(options: OptionReader): HttpConfig {
  const bytes = numberFrom(1, Number.MAX_SAFE_INTEGER, { unit: "bytes", integer: true });
  return {
    flows: options.optional("flows", oneOf(["merge", "replace"]), "merge"),
    unknownLoginType: options.optional("unknownLoginType", oneOf(["next", "reject"]), "next"),
    bodyLimit: options.optional("bodyLimit", bytes, 65_536),
    cors: options.optional("cors", flag, true),
  };
}

/** A token that was allowed by its own limit and stopped by the body's would puzzle whoever set the first. */
export function checkTokensFit(
  { loginTypes }: { readonly loginTypes: Readonly<Record<string, { readonly maxTokenLength?: number }>> },
  { bodyLimit }: HttpConfig,
): void {
  for (const [name, { maxTokenLength = 0 }] of Object.entries(loginTypes)) {
    if (maxTokenLength <= bodyLimit) continue;
    const path = at(at("loginTypes", name), "maxTokenLength");
    throw new OptionsError(path, `must not be more than bodyLimit, ${String(bodyLimit)}; raise that too`);
  }
}
