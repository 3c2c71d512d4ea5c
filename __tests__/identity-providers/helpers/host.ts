import express5 from "express";
import type { LoginTypeOptions } from "matrix-jwt-login";

import { LOGIN_TYPE, loginWith } from "../../helpers/login.js";
import { hostOf, middleware } from "../../helpers/test-hosts.js";

/** A host, until the test is over, that knows alice and bob, and takes the tokens that these options let in. */
export async function hostTaking(loginType: LoginTypeOptions): Promise<string> {
  const { url } = await hostOf(express5, middleware({ loginTypes: { [LOGIN_TYPE]: loginType } }));
  return url;
}

/** Who the token logs in, or the answer that refuses it. */
export async function outcomeOf(url: string, token: string): Promise<unknown> {
  const { status, body } = await loginWith(url, token);
  return status === 200 ? body["user_id"] : { status, ...body };
}

export const ALICE = "@alice:example.org";
export const BOB = "@bob:example.org";

/** The answer to a token that is refused. */
export function refused(why: string): object {
  return { status: 403, errcode: "M_FORBIDDEN", error: `JWT validation failed: ${why}` };
}
