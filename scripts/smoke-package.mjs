// Packs the package, installs the tarball in empty projects of each kind and logs in through it in each of them; and
// makes a token with its command, and has it explained.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const folder = mkdtempSync(join(tmpdir(), "matrix-jwt-login-smoke-"));
const run = (command, args, cwd = folder) => execFileSync(command, args, { cwd, encoding: "utf8", stdio: "pipe" });

const LOGIN = `
const secret = "a secret of at least thirty-two bytes";
const app = express();
app.use(
  matrixJwtLogin({
    serverName: "example.org",
    loginTypes: { "org.matrix.login.jwt": { secret, algorithms: ["HS256"] } },
    findUser: (userId) => ({ id: userId }),
    issueToken: (user, login) => ({ accessToken: user.id + " on " + login.deviceId }),
  }),
);
const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
const input = encode({ alg: "HS256" }) + "." + encode({ sub: "alice", exp: Math.floor(Date.now() / 1000) + 60 });
const token = input + "." + createHmac("sha256", secret).update(input).digest("base64url");
const server = app.listen(0, "127.0.0.1", async () => {
  const url = "http://127.0.0.1:" + String((server.address() as AddressInfo).port) + "/_matrix/client/v3/login";
  const post = (token: string) => fetch(url, { method: "POST", body: JSON.stringify({ type: "org.matrix.login.jwt", token }) });
  const answers = [(await post(token)).status, (await post(token + "A")).status];
  server.close();
  if (answers.join() !== "200,403") throw new Error("answered " + answers.join());
});
`;
const IMPORTS = `
import { createHmac } from "node:crypto";
import type { AddressInfo } from "node:net";
import express from "express";
import { matrixJwtLogin } from "matrix-jwt-login";
`;
const withoutTypes = (source) =>
  source
    .replace(/^import type .*$/gm, "")
    .replace(/ as AddressInfo|: object|: string/g, "")
    .replace("((server.address())", "(server.address()");
const asCommonJs = (source) => source.replace(/^import (.*) from (".*");$/gm, "const $1 = require($2);");

const TSCONFIG = {
  compilerOptions: {
    module: "nodenext",
    target: "es2022",
    strict: true,
    types: ["node"],
    exactOptionalPropertyTypes: true,
  },
};
const PROJECTS = {
  "CommonJS, JavaScript": { type: "commonjs", file: "index.js", source: asCommonJs(withoutTypes(IMPORTS + LOGIN)) },
  "ES modules, JavaScript": { type: "module", file: "index.js", source: withoutTypes(IMPORTS + LOGIN) },
  "CommonJS, TypeScript": { type: "commonjs", file: "index.ts", source: IMPORTS + LOGIN },
  "ES modules, TypeScript": { type: "module", file: "index.ts", source: IMPORTS + LOGIN },
};

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
  for (const [name, { type, file, source }] of Object.entries(PROJECTS)) {
    const project = join(folder, name.replace(/\W+/g, "-"));
    mkdirSync(project);
    writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type }));
    writeFileSync(join(project, file), source);
    if (file.endsWith(".ts")) {
      writeFileSync(join(project, "tsconfig.json"), JSON.stringify(TSCONFIG));
      run(join(folder, "node_modules/.bin/tsc"), [], project);
    }
    run(process.execPath, ["index.js"], project);
    console.log(`The tarball works in ${name}`);
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
