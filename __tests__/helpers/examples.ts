import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";

import ts from "typescript";

const root = join(import.meta.dirname, "..", "..");

/**
 * Type-checks examples of the documentation, as strictly as the package's own code, and gives what is wrong with them. All
 * in one program, as each takes seconds.
 *
 * @param files - the code of each by its path, and of what they import as `./...`
 */
export function problemsOf(files: Readonly<Record<string, string>>): readonly string[] {
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(join(root, "tsconfig.json"), (path) => ts.sys.readFile(path)).config,
    ts.sys,
    root,
  );
  const byPath = new Map(Object.entries(files).map(([path, code]) => [join(import.meta.dirname, path), code]));
  const host = ts.createCompilerHost(options);
  host.fileExists = (path) => byPath.has(path) || ts.sys.fileExists(path);
  const folders = new Set([...byPath.keys()].map((path) => dirname(path)));
  host.directoryExists = (path) => folders.has(path) || ts.sys.directoryExists(path);
  host.readFile = (path) => byPath.get(path) ?? ts.sys.readFile(path);
  const program = ts.createProgram({
    rootNames: [...byPath.keys()],
    options: {
      ...options,
      allowJs: true,
      checkJs: true,
      paths: { "matrix-jwt-login": [join(root, "lib/index.ts")] },
    },
    host,
  });
  // The rest of the program is checked elsewhere, and takes longer.
  return [...byPath.keys()].flatMap((path) => {
    const source = program.getSourceFile(path);
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
      ({ messageText }) =>
        `${relative(import.meta.dirname, path)}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`,
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
  // Jest loads no ES modules: `.mjs` and `.js` are all the same here.
  const pathOf = (name: string): string => join(directory, `${name.replace(/\.\w+$/, "")}.ts`);
  try {
    symlinkSync(join(root, "node_modules"), join(directory, "node_modules"));
    for (const [name, code] of Object.entries(files)) {
      writeFileSync(pathOf(name), code.replaceAll(/ from "(\.\/[^"]+)\.mjs"/g, ' from "$1.js"'));
    }
    const modules: Record<string, unknown> = {};
    for (const name of Object.keys(files)) modules[name] = await import(pathOf(name));
    return modules as Modules;
  } finally {
    rmSync(directory, { recursive: true });
  }
}
