import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";

const here = import.meta.dirname;

/** The TypeScript blocks of a page of `docs/hosts/`, in order. */
export function blocksOf(page) {
  const text = readFileSync(join(here, "..", "docs", "hosts", `${page}.md`), "utf8");
  return Array.from(text.matchAll(/^```ts\n([\s\S]*?)^```$/gm), ([, code]) => code);
}

/**
 * Writes files of TypeScript into a folder of its own, type-checks them as strictly as the package itself is, and compiles
 * them beside themselves.
 *
 * @param files - their code, by a name without its ending
 * @returns the folder, and what the compiler found wrong
 */
export function compiled(name, files) {
  const folder = join(here, "out", name);
  rmSync(folder, { recursive: true, force: true });
  for (const [file, code] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, `${file}.ts`), code);
  }
  const program = ts.createProgram(
    Object.keys(files).map((file) => join(folder, `${file}.ts`)),
    {
      module: ts.ModuleKind.NodeNext,
      target: ts.ScriptTarget.ES2023,
      strict: true,
      noUncheckedIndexedAccess: true,
      exactOptionalPropertyTypes: true,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      skipLibCheck: true,
      types: ["node"],
    },
  );
  program.emit();
  const problems = ts
    .getPreEmitDiagnostics(program)
    .map(({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`);
  return { folder, problems };
}
