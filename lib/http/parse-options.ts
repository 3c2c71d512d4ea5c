import { at, callback, flag, numberFrom, oneOf, type OptionReader } from "../support/checks.js";
import { OptionsError } from "../support/options-error.js";
import type { HttpOptions } from "./options.js";

export interface HttpConfig<Req> extends Required<Omit<HttpOptions<Req>, "clientAddress">> {
  readonly clientAddress: HttpOptions<Req>["clientAddress"];
}

export const HTTP_OPTION_NAMES = [
  "flows",
  "unknownLoginType",
  "bodyLimit",
  "cors",
  "clientAddress",
] as const satisfies readonly (keyof HttpOptions)[];

/** @throws OptionsError */
export function parseHttpOptions<Req>(options: OptionReader): HttpConfig<Req> {
  const bytes = numberFrom(1, Number.MAX_SAFE_INTEGER, { unit: "bytes", integer: true });
  return {
    flows: options.optional("flows", oneOf(["merge", "replace"]), "merge"),
    unknownLoginType: options.optional("unknownLoginType", oneOf(["next", "reject"]), "next"),
    bodyLimit: options.optional("bodyLimit", bytes, 65_536),
    cors: options.optional("cors", flag, true),
    clientAddress: options.optional("clientAddress", callback<NonNullable<HttpOptions<Req>["clientAddress"]>>),
  };
}

interface TokenLength {
  readonly maxTokenLength?: number;
}

/**
 * A token that its own limit allows and the body's stops would puzzle whoever set the first.
 *
 * @param lengthOf - the `maxTokenLength` that applies to a login type, given or by default
 * @throws OptionsError
 */
export function checkTokensFit<LoginType extends TokenLength>(
  loginTypes: Readonly<Record<string, LoginType | readonly LoginType[]>>,
  bodyLimit: number,
  lengthOf: (options: LoginType) => number,
): void {
  const check = (options: LoginType, path: string): void => {
    const length = lengthOf(options);
    if (length <= bodyLimit) return;
    const problem = `must not be more than bodyLimit, ${String(bodyLimit)}; `;
    throw new OptionsError(
      at(path, "maxTokenLength"),
      options.maxTokenLength === undefined
        ? `is ${String(length)} unless set, and ${problem}set it too, or raise that`
        : `${problem}raise that too`,
    );
  };
  for (const [name, options] of Object.entries(loginTypes)) {
    const path = at("loginTypes", name);
    if (!isList(options)) check(options, path);
    else
      options.forEach((entry, index) => {
        check(entry, at(path, index));
      });
  }
}

function isList<T>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value);
}
