import { randomBytes, timingSafeEqual } from "node:crypto";

import { COOKIE_LIFETIME, type CookieJar } from "./cookies.js";
import { type Seal, type SealedTimes, timesFor } from "./seal.js";

/** A form of ours that is good in one browser only: its content is sealed, and a random value in it must be that of a cookie. */
export interface BrowserForms {
  /**
   * @param cookieHeader - of the request
   * @returns the form's field, and the `Set-Cookie` values that go with it
   */
  make(
    cookieHeader: string | undefined,
    content: object,
  ): Promise<{ readonly field: string; readonly cookies: readonly string[] }>;
  /** @returns the content, and the `Set-Cookie` value that ends the form; undefined if it is not for this browser, too old or not ours */
  open(cookieHeader: string | undefined, field: string | null): Promise<OpenForm | undefined>;
}

interface OpenForm {
  readonly content: Readonly<Record<string, unknown>>;
  /** Names this form alone. */
  readonly id: string;
  readonly times: SealedTimes;
  readonly dropCookie: string;
}

export function browserForms(jar: CookieJar, seal: Seal): BrowserForms {
  return {
    async make(cookieHeader, content) {
      const id = jar.newId();
      const browser = randomBytes(32).toString("base64url");
      const field = await seal.seal({ ...content, formId: id, browser, ...timesFor(COOKIE_LIFETIME) });
      return { field, cookies: jar.keep(cookieHeader, id, browser) };
    },
    async open(cookieHeader, field) {
      const content = field === null ? undefined : await seal.open(field);
      if (content === undefined) return undefined;
      const { formId, browser, iat, exp } = content as unknown as SealedTimes & { formId: string; browser: string };
      const cookie = jar.get(cookieHeader, formId);
      if (cookie === undefined || !equal(cookie, browser)) return undefined;
      return { content, id: formId, times: { iat, exp }, dropCookie: jar.drop(formId) };
    },
  };
}

function equal(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
}
