import { randomBytes } from "node:crypto";

import { ignoreRejection } from "../support/host-failure.js";
import type { Logger } from "../support/logger.js";
import { pageHtml, type SsoPage } from "./page.js";

/** An answer to a browser or an identity provider. */
export interface SsoAnswer {
  /** HTTP status. */
  readonly status: number;
  /** Each replaces a header of this name that is already set. `Set-Cookie` is a list, and is added. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** Empty if there is none. */
  readonly body: string;
}

/** What a page is made of, beside its look. */
export interface PageContent extends Omit<SsoPage, "nonce"> {
  readonly status: number;
  /** Beside `'self'`: where its forms lead, as a browser checks a redirect after a POST too. */
  readonly formTargets?: readonly string[];
  readonly cookies?: readonly string[];
  /** Seconds. */
  readonly retryAfter?: number;
  /** Keep the window that opened this one in reach (section "Fallback" of User-Interactive Authentication). */
  readonly keepOpener?: boolean;
}

/** A host's own look. */
export type RenderPage = (page: SsoPage) => unknown;

/** No answer of ours may be kept, and no URL of ours told to another site. */
const COMMON = { "Cache-Control": "no-store", "Referrer-Policy": "same-origin" };

export type PageAnswer = (content: PageContent) => SsoAnswer;

/** @param render - the host's; without it, the page is ours */
export function pageAnswers(render: RenderPage | undefined, logger: Logger): PageAnswer {
  return ({ status, formTargets = [], cookies = [], retryAfter, keepOpener = false, ...content }) => {
    const page: SsoPage = { ...content, nonce: randomBytes(16).toString("base64url") };
    return {
      status,
      headers: {
        ...COMMON,
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": policy(page, formTargets),
        "X-Content-Type-Options": "nosniff",
        ...openerPolicy(keepOpener),
        ...(retryAfter !== undefined && { "Retry-After": String(retryAfter) }),
        ...(cookies.length > 0 && { "Set-Cookie": cookies }),
      },
      body: (render && hostPage(render, page, logger)) ?? pageHtml(page),
    };
  };
}

function policy({ nonce, script }: SsoPage, formTargets: readonly string[]): string {
  return [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    ...(script === undefined ? [] : [`script-src 'nonce-${nonce}'`]),
    ["form-action 'self'", ...new Set(formTargets)].join(" "),
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join("; ");
}

/** A page that cannot be drawn the host's way is drawn ours: what it says matters more. */
function hostPage(render: RenderPage, page: SsoPage, logger: Logger): string | undefined {
  let cause: unknown;
  try {
    const html = render(page);
    if (typeof html === "string") return html;
    // It may be async despite its type.
    ignoreRejection(html);
    cause = new TypeError("sso.page must return a string");
  } catch (error) {
    cause = error;
  }
  logger.error(new Error("matrix-jwt-login: sso.page failed", { cause }));
  return undefined;
}

export function redirect(
  status: 302 | 303,
  location: string,
  { cookies = [], keepOpener = false }: Pick<PageContent, "cookies" | "keepOpener"> = {},
): SsoAnswer {
  return {
    status,
    headers: {
      ...COMMON,
      Location: location,
      ...openerPolicy(keepOpener),
      ...(cookies.length > 0 && { "Set-Cookie": cookies }),
    },
    body: "",
  };
}

export function withCookies(answer: SsoAnswer, cookies: readonly string[]): SsoAnswer {
  const { "Set-Cookie": others = [] } = answer.headers;
  return { ...answer, headers: { ...answer.headers, "Set-Cookie": [cookies, others].flat(2) } };
}

/** Browsers apply the policy of a redirect, too. */
function openerPolicy(keepOpener: boolean): Readonly<Record<string, string>> {
  return keepOpener ? { "Cross-Origin-Opener-Policy": "unsafe-none" } : {};
}
