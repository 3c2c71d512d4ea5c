import { readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..", "..", "..");

/** What the pages leave to the reader: they import it as `./host.js`. */
export const HOST = readFileSync(join(import.meta.dirname, "host.ts"), "utf8");

/** The one example of a page of `docs/`. */
export function exampleOf(page: string): string {
  const text = readFileSync(join(root, "docs", `${page}.md`), "utf8");
  const [code, ...others] = Array.from(text.matchAll(/^```ts\n([\s\S]*?)^```$/gm), ([, example]) => example);
  if (code === undefined || others.length > 0) throw new Error(`docs/${page}.md must have one example`);
  return code;
}
