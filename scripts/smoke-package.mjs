// Packs the package, installs the tarball in empty projects of each kind and logs in through the README's first example in
// each of them; and makes a token with its command, and has it explained.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const folder = mkdtempSync(join(tmpdir(), "matrix-jwt-login-smoke-"));
const run = (command, args, cwd = folder) => execFileSync(command, args, { cwd, encoding: "utf8", stdio: "pipe" });

/** What the example takes as given, and what is done with it. */
const GIVEN = resolve("scripts/smoke/given.mjs");
const GIVEN_TYPES = `
interface Account { readonly id: string }
declare const db: {
  users: { find(userId: string): Promise<Account | undefined> };
  sessions: { create(user: Account, deviceId: string, name?: string): Promise<import("matrix-jwt-login").IssuedToken> };
};
declare function logInThrough(app: import("express").Express): void;
`;

/** The README's own words, and a last line. */
const [, README_EXAMPLE] = /^```ts\n([\s\S]*?)^```$/m.exec(readFileSync("README.md", "utf8"));
const EXAMPLE = `${README_EXAMPLE}\nlogInThrough(app);\n`;
const asCommonJs = (source) => source.replace(/^import (.*) from (".*");$/gm, "const $1 = require($2);");

const PROJECTS = {
  "CommonJS, JavaScript": { type: "commonjs", file: "index.js", source: asCommonJs(EXAMPLE) },
  "ES modules, JavaScript": { type: "module", file: "index.js", source: EXAMPLE },
  "CommonJS, TypeScript": { type: "commonjs", file: "index.ts", source: EXAMPLE, module: "node16" },
  "ES modules, TypeScript": { type: "module", file: "index.ts", source: EXAMPLE, module: "nodenext" },
};
const COMPILER_OPTIONS = { target: "es2022", strict: true, types: ["node"], exactOptionalPropertyTypes: true };

try {
  const [{ filename, files }] = JSON.parse(
    run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], resolve(".")),
  );
  const strays = files
    .map(({ path }) => path)
    .filter((path) => !/^(?:dist\/.*\.(?:js|d\.ts|json)|[A-Z]+(?:\.md)?|package\.json)$/.test(path));
  if (strays.length > 0) throw new Error(`the tarball holds ${strays.join(", ")}`);

  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true }));
  run("npm", ["install", `./${filename}`, "express@5", "typescript@~6.0", "@types/express@5", "@types/node@20"]);
  for (const [name, { type, file, source, module }] of Object.entries(PROJECTS)) {
    const project = join(folder, name.replace(/\W+/g, "-"));
    mkdirSync(project);
    writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type }));
    writeFileSync(join(project, file), source);
    if (module !== undefined) {
      writeFileSync(join(project, "given.d.ts"), GIVEN_TYPES);
      writeFileSync(
        join(project, "tsconfig.json"),
        JSON.stringify({ compilerOptions: { ...COMPILER_OPTIONS, module } }),
      );
      run(join(folder, "node_modules/.bin/tsc"), [], project);
    }
    run(process.execPath, ["--import", GIVEN, "index.js"], project);
    console.log(`The README's first example works in ${name}`);
  }

  const command = (...args) => run("npx", ["--no-install", "matrix-jwt-login", ...args]);
  const secret = ["--secret", "a secret of at least thirty-two bytes"];
  const explained = command("explain", ...secret, command("mint", ...secret, "--sub", "alice").trim());
  if (!explained.includes("\nAccepted")) throw new Error(`the command said ${explained}`);
  console.log("The tarball works as a command");
} catch (error) {
  console.error(error.stdout ?? "", error.stderr ?? "", error.message);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
