import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { Script } from "node:vm";

import { describe, expect, test } from "@jest/globals";
import { parse as parseToml } from "smol-toml";
import { parse as parseYaml } from "yaml";

import { problemsOf } from "../helpers/examples.js";
import { HOST } from "./helpers/guides.js";
import { blocksOf, PAGES, type Block } from "./helpers/pages.js";

const root = join(import.meta.dirname, "..", "..");

/** Which test runs a block as printed. */
const by = (file: string) => ({ file });
/** Why no test runs a block. */
const because = (reason: string) => ({ reason });
type Way = ReturnType<typeof by> | ReturnType<typeof because>;

const GUIDES = by("__tests__/docs/guides.test.ts");
const HOSTS = by("hosts/docs.test.mjs");
const INSTALL = because("installs: .ci/run does, with scripts/smoke-package.mjs and scripts/smoke-example.mjs");
const CLOUD = because("runs at the provider");
const LONG = because("measures for minutes");

/** Commands, and code that is not compiled here: by page, and by a block's first line. `*` is all of a language. */
const WAYS: Readonly<Record<string, Readonly<Record<string, Way>>>> = {
  "README.md": {
    "npm ci && npm start   # runs the example server: a page to sign in on, and curl lines that log in": INSTALL,
    "npm ci && npm pack --silent                               # in the checkout": INSTALL,
    "sh *": by("__tests__/readme.test.ts"),
    "js *": by("__tests__/readme.test.ts"),
  },
  "CONTRIBUTING.md": { "sh *": because("is what runs the tests, or takes an hour") },
  "example-server/README.md": {
    "npm ci && npm start   # in the repository's root: builds the package and this server, and runs it": INSTALL,
    "api=http://127.0.0.1:8008/_matrix/client/v3": by("__tests__/example-server/curl-lines.test.ts"),
  },
  "example-server/cluster/README.md": {
    "sh *": because("needs nginx, Redis and Postgres, which it installs and starts itself"),
  },
  "docs/api.md": { "ts *": because("signatures, made from the code that npm run typecheck compiles") },
  "docs/cli.md": { "console *": by("__tests__/cli/docs.test.ts"), "sh *": by("__tests__/cli/docs.test.ts") },
  "docs/clients.md": { "ts *": by("hosts/clients.test.mjs"), "sh *": by("hosts/clients.test.mjs") },
  "docs/guides/auth0.md": { "exports.onExecutePostLogin = async (event, api) => {": CLOUD },
  "docs/guides/better-auth.md": { 'import { betterAuth } from "better-auth";': by("hosts/providers.test.mjs") },
  "docs/guides/openid-connect.md": {
    "npx matrix-jwt-login check https://id.example.org": GUIDES,
  },
  "docs/guides/own-backend.md": { "openssl rand -base64 48 > jwt-secret": GUIDES },
  "docs/guides/zitadel.md": { "// The Action must be called matrixName too.": CLOUD },
  "docs/linked-accounts.md": { "sql *": by("__tests__/docs/linked-accounts.test.ts") },
  "docs/migration.md": { "sh *": by("__tests__/docs/migration.test.ts") },
  "docs/performance.md": { "sh *": LONG },
  "docs/reliability.md": { "sh *": LONG },
  "docs/used-tokens-postgres.md": { "sql *": by("__tests__/docs/used-tokens-postgres.test.ts") },
};

/** What pages take as given: a module of the reader's that they import, and names that their blocks use. */
const hostIn = (page: string) => readFileSync(join(import.meta.dirname, "helpers", page, "host.ts"), "utf8");
const GIVEN: Readonly<Record<string, { readonly host?: string; readonly names?: string }>> = {
  "docs/migration.md": { host: hostIn("migration") },
  "docs/interactive-auth.md": { host: hostIn("interactive-auth") },
  "docs/answers.md": {
    names: `declare const db: {
      users: { find: (id: string) => Promise<{ deactivated: boolean; locked: boolean } | undefined> };
    };`,
  },
  "docs/threat-model.md": { names: 'import type { LoginTypeOptions } from "matrix-jwt-login";' },
};
/** What blocks that mount the middleware take as given. */
const APP = `
  declare const app: import("express").Express;
  declare const options: import("matrix-jwt-login").MatrixJwtLoginOptions<{ readonly user_id: string }>;`;

const blocks = PAGES.flatMap((page) => blocksOf(page));
const isHosts = ({ page }: Block) => page.startsWith("docs/hosts/");
const isGuideCommand = ({ page, language }: Block) =>
  language === "sh" && (page.startsWith("docs/guides/") || page === "docs/opaque-tokens.md");

function wayOf(block: Block): Way | undefined {
  const ways = WAYS[block.page];
  const named = ways?.[block.name] ?? ways?.[`${block.language} *`];
  if (named !== undefined) return named;
  if (isHosts(block)) return HOSTS;
  return isGuideCommand(block) ? GUIDES : undefined;
}

const here = blocks.filter((block) => wayOf(block) === undefined);
const isCode = ({ language }: Block) => language === "ts" || language === "js";

test("every block is run by a test that knows its page, or is listed with why not", () => {
  const unknown = here.filter(({ language }) => !["ts", "js", "json", "yaml", "toml", "text"].includes(language));
  expect(unknown.map(({ page, name }) => [page, name])).toEqual([]);

  for (const block of blocks) {
    const way = wayOf(block);
    if (way === undefined || !("file" in way)) continue;
    const file = existsSync(join(root, way.file)) ? readFileSync(join(root, way.file), "utf8") : "";
    const knows = [block.page, basename(block.page), dirname(block.page)].some((name) => file.includes(name));
    expect([block.page, block.name, way.file, knows || way === GUIDES || way === HOSTS]).toContain(true);
  }
});

test("nothing is listed that no page has", () => {
  for (const [page, ways] of Object.entries(WAYS)) {
    const names = blocksOf(page).flatMap(({ name, language }) => [name, `${language} *`]);
    expect(names).toEqual(expect.arrayContaining(Object.keys(ways)));
  }
});

describe("code", () => {
  test("of every page compiles as printed, in one program that sees what is wrong", () => {
    const okta = here.find(({ name }) => name === "okta.mjs")?.code ?? "";
    const files = {
      ...Object.fromEntries(
        here.filter(isCode).map((block, i) => [fileOf(block, i), `${block.code}${givenTo(block)}`]),
      ),
      ...Object.fromEntries(
        here
          .filter(isCode)
          .flatMap(({ page }) => HOST_FILES.map((file) => [`${folderOf(page)}/${file}`, hostOf(page)])),
      ),
      "wrong/name.mjs": okta.replace("audience:", "audiance:"),
      "wrong/value.mjs": okta.replace('"escape"', '"upper"'),
    };

    const problems = problemsOf(files);

    expect(problems.filter((problem) => !problem.startsWith("wrong/"))).toEqual([]);
    expect(problems).toContainEqual(expect.stringContaining("audiance"));
    expect(problems).toContainEqual(expect.stringContaining("upper"));
  }, 120_000);

  test("that runs at a provider is JavaScript", () => {
    for (const { code } of blocks.filter((block) => wayOf(block) === CLOUD)) expect(new Script(code)).toBeDefined();
  });
});

/** `./host.js` and `./host.mjs`. */
const HOST_FILES = ["host.ts", "host.mts"];

/** A guide's options may be imported by another guide; other pages are alone. */
function folderOf(page: string): string {
  return page.startsWith("docs/guides/") ? "guides" : basename(page, ".md");
}

function fileOf({ page, name, language }: Block, i: number): string {
  const file = /\.m?[jt]s$/.test(name)
    ? name
    : `${basename(page, ".md")}-${String(i)}.${language === "js" ? "mjs" : "ts"}`;
  return `${folderOf(page)}/${file}`;
}

function hostOf(page: string): string {
  return GIVEN[page]?.host ?? HOST;
}

function givenTo({ page, code }: Block): string {
  const app = /^app\./m.test(code) && !/(?:const|let) app\b/.test(code) ? APP : "";
  return `\n${app}\n${GIVEN[page]?.names ?? ""}\nexport {};\n`;
}

describe("data", () => {
  const PARSERS: Readonly<Record<string, (text: string) => unknown>> = {
    json: (text) => JSON.parse(text) as unknown,
    yaml: parseYaml,
    toml: parseToml,
    text: (text) => ({ url: new URL(text.trim()).href }),
  };

  test("of every page can be read", () => {
    for (const { page, language, code } of here.filter((block) => !isCode(block))) {
      expect([page, PARSERS[language]?.(code)]).toEqual([page, expect.any(Object)]);
    }
  });
});

describe("commands that no test runs", () => {
  const scripts = (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: object }).scripts;
  const lines = blocks.filter(({ language }) => language === "sh").flatMap(({ code }) => code.split("\n"));

  test("name scripts and files that there are", () => {
    const names = lines.flatMap((line) => Array.from(line.matchAll(/\bnpm run ([\w:-]+)/g), ([, name]) => name));
    const files = lines.flatMap((line) => Array.from(line.matchAll(/\bnode (\S+\.mjs)\b/g), ([, file = ""]) => file));

    expect(names.filter((name) => !Object.hasOwn(scripts, String(name)))).toEqual([]);
    expect(files.filter((file) => !["", "bench"].some((folder) => existsSync(join(root, folder, file))))).toEqual([
      "server.mjs",
    ]);
  });
});
