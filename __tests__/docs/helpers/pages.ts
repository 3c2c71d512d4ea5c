import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..", "..", "..");
const inDocs = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" });

/** Every page of the documentation, by its path in the repository. */
export const PAGES: readonly string[] = [
  "README.md",
  "CHANGELOG.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  "example-server/README.md",
  "example-server/cluster/README.md",
  ...inDocs.filter((file) => file.endsWith(".md")).map((file) => `docs/${file}`),
];

export interface Block {
  readonly page: string;
  readonly language: string;
  readonly code: string;
  /** The file that its first line names, or else its first line: what tells it from the page's other blocks. */
  readonly name: string;
}

export function textOf(page: string): string {
  return readFileSync(join(root, page), "utf8");
}

/** The fenced blocks of a page, in order. */
export function blocksOf(page: string, language?: string): readonly Block[] {
  return Array.from(textOf(page).matchAll(/^```(\S*)\n([\s\S]*?)^```$/gm), ([, language = "", code = ""]) => {
    const [first = ""] = code.split("\n");
    return { page, language, code, name: /^\/\/ (\S+\.m?[jt]s)$/.exec(first)?.[1] ?? first };
  }).filter((block) => language === undefined || block.language === language);
}
