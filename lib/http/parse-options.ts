import { callback, flag, numberFrom, oneOf } from "../support/checks.js";
import { ignoreRejection } from "../support/host-failure.js";
import { optional, type OptionsOf, type Values } from "../support/options.js";
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
    ignoreRejection(address);
    throw new TypeError("clientAddress must return a string or undefined, and not by a promise");
  };
};

export type HttpConfig<Req> = Values<ReturnType<typeof httpOptions<Req>>>;
