import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

import ts from "typescript";

const root = join(import.meta.dirname, "..", "..");

/**
 * Type-checks examples of the documentation, as strictly as the package's own code, and gives what is wrong with them.
 *
 * @param examples - the code of each, by a name of its own
 * @param directory - where what they import as `./...` is
 */
export function problemsOf(
  examples: Readonly<Record<string, string>>,
  directory = import.meta.dirname,
): readonly string[] {
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(join(root, "tsconfig.json"), (path) => ts.sys.readFile(path)).config,
    ts.sys,
    root,
  );
  const files = new Map(Object.entries(examples).map(([name, code]) => [join(directory, `${name}.ts`), code]));
  const host = ts.createCompilerHost(options);
  host.fileExists = (path) => files.has(path) || ts.sys.fileExists(path);
  host.readFile = (path) => files.get(path) ?? ts.sys.readFile(path);
  const program = ts.createProgram({
    rootNames: [...files.keys()],
    options: { ...options, paths: { "matrix-jwt-login": [join(root, "lib/index.ts")] } },
    host,
  });
  // The rest of the program is checked elsewhere, and takes longer.
  return [...files.keys()].flatMap((file) => {
    const source = program.getSourceFile(file);
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
      ({ messageText }) => `${basename(file)}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`,
    );
  });
}

/**
 * Runs examples as the files of a project of the reader's, and gives what each exports.
 *
 * @param files - the code of each by its name, and of what they import as `./...`
 */
export async function runExamples<Modules extends object>(files: Readonly<Record<string, string>>): Promise<Modules> {
  const directory = mkdtempSync(join(tmpdir(), "examples-"));
  const pathOf = (name: string): string => join(directory, `${name}.ts`);
  try {
    symlinkSync(join(root, "node_modules"), join(directory, "node_modules"));
    for (const [name, code] of Object.entries(files)) writeFileSync(pathOf(name), code);
    const modules: Record<string, unknown> = {};
    for (const name of Object.keys(files)) modules[name] = await import(pathOf(name));
    return modules as Modules;
  } finally {
    rmSync(directory, { recursive: true });
  }
}
