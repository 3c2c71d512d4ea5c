import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

const modules = join(import.meta.dirname, "node_modules");
const require = createRequire(import.meta.url);

const COMPILERS = { "TypeScript 5.4": "ts54", "the newest TypeScript": "ts60" };
const RESOLUTIONS = {
  node16: { module: "node16", moduleResolution: "node16" },
  nodenext: { module: "nodenext", moduleResolution: "nodenext" },
  bundler: { module: "esnext", moduleResolution: "bundler" },
};
const EXPRESS_TYPES = {
  "without @types/express": undefined,
  "with @types/express 4": "types-express4",
  "with @types/express 5": "@types/express",
};

const OPTIONS = `
import { createJwtLogin, createTokenVerifier, matrixJwtLogin } from "matrix-jwt-login";

interface User { readonly name: string }
const users = new Map<string, User>();
const options = {
  serverName: "example.org",
  loginTypes: { "org.matrix.login.jwt": { secret: "a secret of at least thirty-two bytes" } },
};

export const middleware = matrixJwtLogin({
  ...options,
  findUser: (userId, login) => users.get(login.req.method === undefined ? "" : userId),
  issueToken: (user, { deviceId }) => ({ accessToken: user.name + deviceId }),
});
export const core = createJwtLogin({
  ...options,
  findUser: (userId) => users.get(userId),
  issueToken: (user) => ({ accessToken: user.name }),
});
export const verifier = createTokenVerifier({ jwksUri: "https://id.example.org/keys", jwksOptions: { fetch } });
`;

const ON_NODE = `${OPTIONS}
import { createServer } from "node:http";
createServer((req, res) => { middleware(req, res); });
createServer((req, res) => { middleware(req, res, () => { res.end(); }); });
`;

const ON_EXPRESS = `${ON_NODE}
import express from "express";
const app = express();
app.use(middleware);
app.use("/hs", middleware);
app.all("/_matrix/client/v3/login", middleware);
`;

describe("the declarations compile, without skipLibCheck,", () => {
  let folder;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "types-"));
    execFileSync("npm", ["pack", "--ignore-scripts", "--pack-destination", folder], {
      cwd: join(import.meta.dirname, ".."),
      stdio: "pipe",
    });
    execFileSync("sh", ["-c", "tar -xzf *.tgz"], { cwd: folder });
  });
  after(() => rmSync(folder, { recursive: true }));

  for (const [compiler, packageName] of Object.entries(COMPILERS)) {
    const ts = require(packageName);
    for (const [resolution, resolving] of Object.entries(RESOLUTIONS)) {
      for (const [which, expressTypes] of Object.entries(EXPRESS_TYPES)) {
        for (const type of ["module", "commonjs"]) {
          test(`by ${compiler}, ${resolution}, ${type}, ${which}`, () => {
            const project = mkdtempSync(join(folder, "project-"));
            cpSync(join(folder, "package"), join(project, "node_modules/matrix-jwt-login"), { recursive: true });
            mkdirSync(join(project, "node_modules/@types"));
            symlinkSync(join(modules, "@types/node"), join(project, "node_modules/@types/node"));
            if (expressTypes !== undefined) {
              symlinkSync(join(modules, expressTypes), join(project, "node_modules/@types/express"));
            }
            writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type }));
            const file = join(project, "index.ts");
            writeFileSync(file, expressTypes === undefined ? ON_NODE : ON_EXPRESS);
            const { options, errors } = ts.convertCompilerOptionsFromJson(
              {
                ...resolving,
                target: "es2022",
                lib: ["es2023"],
                strict: true,
                noEmit: true,
                esModuleInterop: true,
                exactOptionalPropertyTypes: true,
                skipLibCheck: false,
                types: ["node"],
              },
              project,
            );
            assert.deepEqual(errors, []);
            const program = ts.createProgram([file], options);
            const problems = ts
              .getPreEmitDiagnostics(program)
              // What declarations of others get wrong is theirs.
              .filter(({ file: at }) => at === undefined || at.fileName.startsWith(project))
              .map(
                ({ file: at, messageText }) => `${at?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`,
              );
            assert.deepEqual(problems, []);
          });
        }
      }
    }
  }
});
