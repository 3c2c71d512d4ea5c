import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..", "..", "..");
const GUIDES = join(root, "docs", "guides");

/** What a guide leaves to the reader, who has it in `host.ts`. */
const HOST = `
import type { IssuedToken } from "matrix-jwt-login";
interface Account { readonly id: string }
export const db = {
  users: { find: (userId: string): Promise<Account | undefined> => Promise.resolve({ id: userId }) },
  sessions: {
    create: (user: Account, deviceId: string, deviceName?: string): Promise<IssuedToken> =>
      Promise.resolve({ accessToken: [user.id, deviceId, deviceName].join() }),
  },
};
`;

/** All pages of the guides, without their ending. */
export function pages(): readonly string[] {
  return readdirSync(GUIDES).map((file) => file.replace(/\.md$/, ""));
}

export function textOf(page: string): string {
  return readFileSync(join(GUIDES, `${page}.md`), "utf8");
}

/** The blocks of code of a page in one language. */
function blocksOf(page: string, language: "ts" | "sh"): readonly string[] {
  const blocks = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm");
  return Array.from(textOf(page).matchAll(blocks), ([, code = ""]) => code);
}

/** The page whose examples need another host. */
export const TWO_WAYS = "two-ways";

/** All other TypeScript of the guides, as the files of one project. */
export function examples(): Readonly<Record<string, string>> {
  const others = pages().filter((page) => page !== TWO_WAYS);
  return Object.assign({ host: HOST }, ...others.map(examplesOf)) as Readonly<Record<string, string>>;
}

/** The TypeScript of a page, by names of files: `auth0`, and `own-backend-1` for a page's second block. */
export function examplesOf(page: string): Readonly<Record<string, string>> {
  const blocks = blocksOf(page, "ts");
  return Object.fromEntries(blocks.map((code, i) => [i === 0 ? page : `${page}-${String(i)}`, code]));
}

/** The arguments of the line by which a guide checks a token. */
export function explainArguments(page: string): readonly string[] {
  const lines = blocksOf(page, "sh").map((block) => block.replaceAll("\\\n", " ").trim());
  const line = lines.map((text) => /^npx matrix-jwt-login (explain .*) < token\.txt$/.exec(text)?.[1]).find(Boolean);
  if (line === undefined) throw new Error(`${page}.md must check a token`);
  return line.split(/\s+/);
}
