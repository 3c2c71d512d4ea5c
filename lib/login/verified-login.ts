import { randomInt } from "node:crypto";

import type { Attempt } from "./attempt.js";
import type { VerifiedToken } from "../tokens/verifier.js";
import { isCleanText, type LoginFields } from "../matrix/submission.js";
import type { VerifiedLogin } from "./options.js";

export type Account = Pick<VerifiedLogin, "userId" | "localpart">;

/** What the host's callbacks are told. */
export function verifiedLogin<Req>(
  { loginType, name, context }: Attempt<Req>,
  { deviceId, initialDeviceDisplayName, refreshToken }: LoginFields,
  { claims, introspection }: VerifiedToken,
  account: Account,
): VerifiedLogin<Req> {
  const displayName = loginType.displayName?.(claims, introspection);
  return {
    loginType: name,
    ...account,
    ...(typeof displayName === "string" && isCleanText(displayName) && { displayName }),
    claims,
    deviceId: deviceId ?? newDeviceId(),
    deviceIdGiven: deviceId !== undefined,
    ...(initialDeviceDisplayName !== undefined && { initialDeviceDisplayName }),
    refreshToken,
    ...(context.ip !== undefined && { ip: context.ip }),
    ...(context.userAgent !== undefined && { userAgent: context.userAgent }),
    ...((context.req !== undefined && { req: context.req }) as { req: Req }),
  };
}

/** Ten letters, as Synapse makes them. */
function newDeviceId(): string {
  let id = "";
  while (id.length < 10) id += String.fromCharCode(65 + randomInt(26));
  return id;
}
