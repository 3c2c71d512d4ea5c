import { HostFailure, ignoreRejection } from "../support/host-failure.js";
import { memberOf } from "../support/json.js";
import type { Claims } from "./claim-rules.js";

/**
 * A claim: its name (dots have no meaning in it), a path of names into nested objects, or a synchronous function.
 */
export type ClaimLocator =
  string | readonly string[] | ((claims: Claims, introspection?: Claims) => string | undefined);

/** `introspection`: the introspection endpoint's answer, if it confirmed the token. */
export type ClaimReader = (claims: Claims, introspection?: Claims) => unknown;

/**
 * Looks at own members only: what every object inherits is no claim.
 *
 * @param option - the option that says where, for errors of a function of the host's
 */
export function claimReader(locator: ClaimLocator, option: string): ClaimReader {
  if (typeof locator === "function") {
    return (claims, introspection) => {
      const given: Parameters<ClaimReader> = introspection === undefined ? [claims] : [claims, introspection];
      return call(locator, given, option);
    };
  }
  const path = typeof locator === "string" ? [locator] : [...locator];
  return (claims) => path.reduce<unknown>(memberOf, claims);
}

function call(locator: ClaimReader, claims: Parameters<ClaimReader>, option: string): unknown {
  let value: unknown;
  try {
    value = locator(...claims);
  } catch (cause) {
    throw new HostFailure(option, cause);
  }
  // A promise is no string, so no claim.
  ignoreRejection(value);
  return value;
}
