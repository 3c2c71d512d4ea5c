import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

const modules = join(import.meta.dirname, "node_modules");
const require = createRequire(import.meta.url);

/** Each gives what is wrong with a project, a line for each problem. */
const COMPILERS = {
  "TypeScript 5.4": (project) => problemsBy("ts54", project),
  "TypeScript 6": (project) => problemsBy("ts60", project),
  "the newest TypeScript": problemsByNative,
};
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
import {
  createAccessTokens,
  createFetchHandler,
  createJwtLogin,
  createTokenVerifier,
  matrixBearerAuth,
  matrixJwtLogin,
} from "matrix-jwt-login";

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
export const fetchHandler = createFetchHandler({
  ...options,
  findUser: (userId, login) => users.get(login.req.url === undefined ? "" : userId),
  issueToken: (user, { deviceId }) => ({ accessToken: user.name + deviceId }),
});
export const answer: Promise<Response | undefined> = fetchHandler(new Request("http://localhost/"), { ip: "192.0.2.1" });
const accessTokens = createAccessTokens({ issuer: "https://example.org", audience: "matrix", secret: "x".repeat(32) });
export const auth = matrixBearerAuth({
  serverName: "example.org",
  tokens: accessTokens.verification,
  findUser: (userId) => users.get(userId),
});
export const verifier = createTokenVerifier({ jwksUri: "https://id.example.org/keys", jwksOptions: { fetch } });
`;

const ON_NODE = `${OPTIONS}
import { createServer } from "node:http";
createServer((req, res) => { middleware(req, res); });
createServer((req, res) => { middleware(req, res, () => { res.end(); }); });
createServer((req, res) => { auth(req, res, () => { res.end(auth.of(req).user.name); }); });
`;

const ON_EXPRESS = `${ON_NODE}
import express from "express";
const app = express();
app.use(middleware);
app.use("/hs", middleware);
app.all("/_matrix/client/v3/login", middleware);
app.get("/_matrix/client/v1/auth_metadata", auth.metadata);
app.get("/_matrix/client/v3/account/whoami", auth, (req, res) => { res.json({ name: auth.of(req).user.name }); });
app.use(auth.optional);
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

  for (const [compiler, problemsOf] of Object.entries(COMPILERS)) {
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
            writeFileSync(join(project, "index.ts"), expressTypes === undefined ? ON_NODE : ON_EXPRESS);
            writeFileSync(join(project, "tsconfig.json"), JSON.stringify(configuration(resolving)));
            assert.deepEqual(problemsOf(project), []);
          });
        }
      }
    }
    test(`by ${compiler}, which sees what is wrong`, () => {
      const project = mkdtempSync(join(folder, "wrong-"));
      writeFileSync(join(project, "index.ts"), 'export const wrong: number = "text";\n');
      const types = { ...RESOLUTIONS.nodenext, types: [] };
      writeFileSync(join(project, "tsconfig.json"), JSON.stringify(configuration(types)));
      assert.match(problemsOf(project).join("\n"), /'string' is not assignable to type 'number'/);
    });
  }
});

function configuration(resolving) {
  return {
    compilerOptions: {
      target: "es2022",
      lib: ["es2023"],
      strict: true,
      noEmit: true,
      esModuleInterop: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      types: ["node"],
      ...resolving,
    },
    files: ["index.ts"],
  };
}

/** What declarations of others get wrong is theirs. */
function problemsBy(packageName, project) {
  const ts = require(packageName);
  const { config } = ts.readConfigFile(join(project, "tsconfig.json"), ts.sys.readFile);
  const { options, errors, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, project);
  return [...errors, ...ts.getPreEmitDiagnostics(ts.createProgram(fileNames, options))]
    .filter(({ file }) => file === undefined || file.fileName.startsWith(project))
    .map(({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`);
}

/** TypeScript 7 is a program of its own, without the compiler's functions. */
function problemsByNative(project) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(modules, "typescript7/bin/tsc"), "--project", project, "--pretty", "false"],
    { cwd: project, encoding: "utf8" },
  );
  assert.ok(status === 0 || stdout !== "", stderr);
  // A problem begins with its file's path, from the project on; what goes on in further lines is indented.
  return stdout.split("\n").filter((line) => line !== "" && !/^(?:\.\.\/| )/.test(line));
}
