// Packs the package, installs the tarball in an empty project of each kind, and logs in through the README's example, or its
// twin in TypeScript; and makes tokens with its command, and has one explained.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { freePort } from "./free-port.mjs";

const folder = mkdtempSync(join(tmpdir(), "matrix-jwt-login-smoke-"));
const run = (command, args, cwd = folder) => execFileSync(command, args, { cwd, encoding: "utf8", stdio: "pipe" });
const command = (...args) => run("npx", ["--no-install", "matrix-jwt-login", ...args]).trim();
const SECRET = "a secret of at least thirty-two bytes";

const firstBlock = (page, language) =>
  new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "m").exec(readFileSync(page, "utf8"))[1];
const JAVASCRIPT = { index: firstBlock("README.md", "js") };
const TYPESCRIPT = {
  host: firstBlock("docs/hosts/README.md", "ts"),
  index: `${firstBlock("docs/hosts/express.md", "ts")}\napp.listen(8008, "127.0.0.1", () => console.log("Listening"));\n`,
};
const asCommonJs = (source) => source.replace(/^import (.*) from (".*");$/gm, "const $1 = require($2);");

const PROJECTS = {
  "CommonJS, JavaScript": { type: "commonjs", files: { index: asCommonJs(JAVASCRIPT.index) } },
  "ES modules, JavaScript": { type: "module", files: JAVASCRIPT },
  "CommonJS, TypeScript": { type: "commonjs", files: TYPESCRIPT, module: "node16" },
  "ES modules, TypeScript": { type: "module", files: TYPESCRIPT, module: "nodenext" },
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
  for (const [name, { type, files, module }] of Object.entries(PROJECTS)) {
    const project = join(folder, name.replace(/\W+/g, "-"));
    mkdirSync(project);
    writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type }));
    const port = String(await freePort());
    for (const [file, source] of Object.entries(files)) {
      writeFileSync(join(project, `${file}.${module === undefined ? "js" : "ts"}`), source.replaceAll("8008", port));
    }
    if (module !== undefined) {
      const config = { compilerOptions: { ...COMPILER_OPTIONS, module } };
      writeFileSync(join(project, "tsconfig.json"), JSON.stringify(config));
      run(join(folder, "node_modules/.bin/tsc"), [], project);
    }
    await logInThrough(project, port);
    console.log(`The documentation's example works in ${name}`);
  }

  const explained = command("explain", "--secret", SECRET, command("mint", "--secret", SECRET, "--sub", "alice"));
  if (!explained.includes("Accepted")) throw new Error(`the command said ${explained}`);
  console.log("The tarball works as a command");
} catch (error) {
  console.error(error.stdout ?? "", error.stderr ?? "", error.message);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Runs a project, and logs in with a token that is good and with one that is not. */
async function logInThrough(project, port) {
  const server = spawn(process.execPath, ["index.js"], {
    cwd: project,
    env: { ...process.env, JWT_SECRET: SECRET },
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    await once(server.stdout, "data");
    const token = command("mint", "--secret", SECRET, "--sub", "alice");
    const answers = [await logIn(port, token), await logIn(port, `${token.slice(0, -4)}AAAA`)];
    if (answers.join() !== "@alice:example.org,M_FORBIDDEN") throw new Error(`answered ${answers.join()}`);
  } finally {
    server.kill();
  }
}

async function logIn(port, token) {
  const response = await fetch(`http://127.0.0.1:${port}/_matrix/client/v3/login`, {
    method: "POST",
    body: JSON.stringify({ type: "org.matrix.login.jwt", token }),
  });
  const { errcode, user_id: userId } = await response.json();
  return errcode ?? userId;
}
