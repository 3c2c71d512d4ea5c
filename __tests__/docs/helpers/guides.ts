import { readdirSync } from "node:fs";
import { join } from "node:path";

import { blocksOf, textOf } from "./pages.js";

const GUIDES = join(import.meta.dirname, "..", "..", "..", "docs", "guides");

/** What a guide leaves to the reader, who has it in `host.mjs`. */
export const HOST = `
import type { IncomingMessage, ServerResponse } from "node:http";
import type { IssuedToken } from "matrix-jwt-login";
interface Account { readonly id: string }
export const db = {
  users: { find: (userId: string): Promise<Account | undefined> => Promise.resolve({ id: userId }) },
  sessions: {
    create: (user: Account, deviceId: string, deviceName?: string): Promise<IssuedToken> =>
      Promise.resolve({ accessToken: [user.id, deviceId, deviceName].join() }),
    end: (of: { readonly issuer: string; subject?: string; sessionId?: string }): Promise<unknown> => Promise.resolve(of),
    find: (userId: string, deviceId?: string): Promise<object | undefined> => Promise.resolve({ userId, deviceId }),
  },
  refreshTokens: { create: (of: Account, login: object): Promise<string> => Promise.resolve(JSON.stringify({ of, login })) },
};
export function authenticate(req: IncomingMessage, _res: ServerResponse, next: (error?: unknown) => void): void {
  next(req.headers.authorization === undefined ? new Error("no token") : undefined);
}
`;

/** Pages of `docs/guides` about something else than a provider. */
export const OTHERS = ["README", "two-ways", "element-sso"];

/** All guides to a provider, without their ending. */
export function guides(): readonly string[] {
  return readdirSync(GUIDES)
    .map((file) => file.replace(/\.md$/, ""))
    .filter((page) => !OTHERS.includes(page));
}

export function pathOf(guide: string): string {
  return join("docs/guides", `${guide}.md`);
}

/** A guide's headings of the second level. */
export function headingsOf(guide: string): readonly string[] {
  return Array.from(textOf(pathOf(guide)).matchAll(/^## (.*)$/gm), ([, heading = ""]) => heading);
}

/** The blocks of a language under one heading of a guide. */
export function blocksUnder(guide: string, heading: string, language: string): readonly string[] {
  const [, section = ""] = textOf(pathOf(guide)).split(`\n## ${heading}\n`);
  const [text = ""] = section.split("\n## ");
  return blocksOf(pathOf(guide), language)
    .map(({ code }) => code)
    .filter((code) => text.includes(code));
}
