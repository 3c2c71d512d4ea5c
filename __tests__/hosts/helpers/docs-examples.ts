import { copyFileSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "..", "..", "..");

/** What the pages leave to the reader: they import it as `./host.js`. */
const HOST_FILE = join(import.meta.dirname, "host.ts");

/** The one example of a page of `docs/`. */
export function exampleOf(page: string): string {
  const text = readFileSync(join(root, "docs", `${page}.md`), "utf8");
  const [code, ...others] = Array.from(text.matchAll(/^```ts\n([\s\S]*?)^```$/gm), ([, example]) => example);
  if (code === undefined || others.length > 0) throw new Error(`docs/${page}.md must have one example`);
  return code;
}

/** Runs examples as the files of a project of the reader's, beside the reader's own `host.ts`; gives what each exports. */
export async function runExamples<Modules extends object>(
  names: readonly (keyof Modules & string)[],
): Promise<Modules> {
  const directory = mkdtempSync(join(tmpdir(), "docs-"));
  try {
    symlinkSync(join(root, "node_modules"), join(directory, "node_modules"));
    copyFileSync(HOST_FILE, join(directory, "host.ts"));
    const modules: Record<string, unknown> = {};
    for (const name of names) {
      const file = join(directory, `${name}.ts`);
      writeFileSync(file, exampleOf(name));
      modules[name] = await import(file);
    }
    return modules as Modules;
  } finally {
    rmSync(directory, { recursive: true });
  }
}
