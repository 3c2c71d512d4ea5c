import { at, callback, flag, numberFrom, oneOf } from "../support/checks.js";
import { optional, type OptionsOf, type Values } from "../support/options.js";
import { OptionsError } from "../support/options-error.js";
import type { HttpOptions } from "./options.js";

/** Names, checks and defaults of {@link HttpOptions}. */
export function httpOptions<Req>() {
  return {
    flows: optional(oneOf(["merge", "replace"]), "merge"),
    unknownLoginType: optional(oneOf(["next", "reject"]), "next"),
    bodyLimit: optional(numberFrom(1, Number.MAX_SAFE_INTEGER, { unit: "bytes", integer: true }), 65_536),
    cors: optional(flag, true),
    clientAddress: optional(clientAddress<Req>),
  } satisfies OptionsOf<HttpOptions<Req>>;
}

/** What gives a client's address, if it gives one. */
export const clientAddress = <Req>(value: unknown, path: string): ((req: Req) => string | undefined) => {
  const addressOf = callback<(req: Req) => unknown>(value, path);
  return (req) => {
    const address = addressOf(req);
    if (address === undefined || typeof address === "string") return address;
    // Nobody else would hear of its rejection.
    if (address instanceof Promise) address.catch(() => undefined);
    throw new TypeError("clientAddress must return a string or undefined, and not by a promise");
  };
};

export type HttpConfig<Req> = Values<ReturnType<typeof httpOptions<Req>>>;

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
