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
