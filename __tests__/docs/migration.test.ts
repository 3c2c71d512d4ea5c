import { createSecretKey } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";

import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import express, { type Express } from "express";
import { matrixJwtLogin, type LoginTypeOptions } from "matrix-jwt-login";
import ts from "typescript";

import { main } from "../../lib/cli/main.js";
import { runExamples } from "../helpers/examples.js";
import { serve, type RunningServer } from "../helpers/hosts.js";
import { SECRET } from "../helpers/keys.js";
import { login, SERVER_NAME } from "../helpers/login.js";
import { inSeconds, token, type TokenParts } from "../helpers/tokens.js";
import type { Account, db } from "./helpers/migration/host.js";

const root = join(import.meta.dirname, "..", "..");
const page = readFileSync(join(root, "docs/migration.md"), "utf8");
const HOST_DIRECTORY = join(import.meta.dirname, "helpers", "migration");

/** The examples by the file that their first line names. */
const examples = Object.fromEntries(
  Array.from(page.matchAll(/^```ts\n\/\/ (\S+)\.ts\n([\s\S]*?)^```$/gm), ([, name = "", code = ""]) => [name, code]),
);

interface Migration {
  readonly app: Express;
}

interface Modules {
  readonly host: { readonly db: typeof db };
  readonly synapse: Migration & { readonly loginTypes: object };
  readonly "synapse-written-out": { readonly loginTypes: object };
  readonly "token-authenticator": Migration;
  readonly tuwunel: Migration;
  readonly "tuwunel-not-found": { readonly findUser: (userId: string) => Promise<Account> };
}

let modules: Modules;

beforeAll(async () => {
  process.env["JWT_SECRET"] = SECRET;
  process.env["JWT_KEY"] = base64Key();
  modules = await runExamples<Modules>({ host: readFileSync(join(HOST_DIRECTORY, "host.ts"), "utf8"), ...examples });
  await modules.host.db.users.create(`@bob:${SERVER_NAME}`);
});

test("the login type that is written out is the one that Synapse's configuration gives", () => {
  expect(modules["synapse-written-out"].loginTypes).toEqual(modules.synapse.loginTypes);
});

test("the command judges a token by one's own configuration, as printed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "migration-"));
  const [, file = "", rest = ""] = /^npx matrix-jwt-login explain --options (\S+) (.*) < token\.txt$/m.exec(page) ?? [];
  const [, code = ""] = /^```js\n\/\/ check\.mjs\n([\s\S]*?)^```$/m.exec(page) ?? [];
  const yaml = join(folder, "homeserver.yaml");
  writeFileSync(
    yaml,
    `jwt_config:\n  enabled: true\n  secret: "${SECRET}"\n  algorithm: HS256\n  audiences: [matrix]\n`,
  );
  const { outputText } = ts.transpileModule(code.replace("homeserver.yaml", yaml), {
    compilerOptions: { module: ts.ModuleKind.CommonJS },
  });
  // Jest transforms no ".mjs", and finds the package here alone.
  const module = join(import.meta.dirname, file.replace(".mjs", ".cjs"));
  writeFileSync(module, outputText);
  let output = "";
  const write = (text: string) => (output += text);
  const exitCode = await main(["explain", "--options", module, ...rest.split(" ")], {
    stdin: Readable.from([token({ ...FOR_SYNAPSE, exp: undefined })]),
    stdout: { write },
    stderr: { write },
  });
  rmSync(folder, { recursive: true });
  rmSync(module);

  expect(output).toMatch(/^Accepted/);
  expect(exitCode).toBe(0);
});

interface Login {
  readonly what: string;
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly parts?: TokenParts;
  readonly fields?: object;
  /** Status, or the user who is logged in. */
  readonly becomes: string | number;
  readonly account?: Partial<Account>;
}

const FOR_SYNAPSE = { iss: "https://idp.example.org", aud: "matrix" };
const WITH_BASE64_KEY = { key: createSecretKey(Buffer.from(base64Key(), "base64")) };
const naming = (user: string) => ({ identifier: { type: "m.id.user", user } });

const MIGRATIONS: readonly (readonly [name: keyof Modules, loginType: string, logins: readonly Login[]])[] = [
  [
    "synapse",
    "org.matrix.login.jwt",
    [
      { what: "a known user", claims: { ...FOR_SYNAPSE, sub: "bob" }, becomes: "@bob:example.org" },
      {
        what: "a new user, without exp",
        claims: { ...FOR_SYNAPSE, sub: "sy1", exp: undefined, name: "Sy" },
        becomes: "@sy1:example.org",
        account: { displayName: "Sy" },
      },
      {
        what: "a token expired for less than two minutes",
        claims: { ...FOR_SYNAPSE, sub: "sy2", exp: inSeconds(-90) },
        becomes: "@sy2:example.org",
      },
      { what: "a token for another audience", claims: { ...FOR_SYNAPSE, aud: "mail" }, becomes: 403 },
      { what: "another issuer's token", claims: { ...FOR_SYNAPSE, iss: "https://elsewhere.example" }, becomes: 403 },
    ],
  ],
  [
    "token-authenticator",
    "com.famedly.login.token",
    [
      {
        what: "a known user by localpart",
        claims: { sub: "bob", displayname: "Bob", admin: true },
        fields: naming("bob"),
        becomes: "@bob:example.org",
        account: { displayName: "Bob", admin: true },
      },
      {
        what: "a new user by user ID, for any audience",
        claims: { sub: "@ta1:example.org", aud: "anything" },
        fields: naming("ta1"),
        becomes: "@ta1:example.org",
      },
      {
        what: "a display name that can't be used",
        claims: { sub: "bob", displayname: 5 },
        fields: naming("bob"),
        becomes: "@bob:example.org",
        account: { displayName: "Bob" },
      },
      { what: "nobody named", claims: { sub: "bob" }, becomes: 403 },
      { what: "another named", claims: { sub: "bob" }, fields: naming("alice"), becomes: 403 },
      { what: "a token without exp", claims: { sub: "bob", exp: undefined }, fields: naming("bob"), becomes: 403 },
    ].map((attempt) => ({ parts: { algorithm: "HS512" }, ...attempt })),
  ],
  [
    "tuwunel",
    "org.matrix.login.jwt",
    [
      { what: "a known user in capitals", claims: { sub: "BOB" }, becomes: "@bob:example.org" },
      { what: "a new user, without exp", claims: { sub: "tu1", exp: undefined }, becomes: "@tu1:example.org" },
      { what: "a full user ID", claims: { sub: "@Tu2:example.org" }, becomes: "@tu2:example.org" },
      { what: "a user of another server", claims: { sub: "@bob:elsewhere.example" }, becomes: 403 },
      { what: "an audience that nobody set", claims: { aud: "matrix" }, becomes: 403 },
      {
        what: "a token signed with the key's base64 text",
        parts: { key: createSecretKey(Buffer.from(base64Key())) },
        becomes: 403,
      },
    ].map((attempt) => ({ parts: WITH_BASE64_KEY, ...attempt })),
  ],
];

describe.each(MIGRATIONS)("a server that comes from %s", (name, type, logins) => {
  let server: RunningServer;
  let clients = 0;

  beforeAll(async () => {
    // Each login comes from an address of its own, as logins are counted by address.
    const behindProxy = express().set("trust proxy", true);
    server = await serve(behindProxy.use((modules[name] as Migration).app));
  });

  afterAll(() => server.close());

  test.each(logins)("takes what it took, and no more: $what", async ({ claims, parts, fields, becomes, account }) => {
    const headers = { "X-Forwarded-For": `192.0.2.${String(++clients)}` };

    const { status, body } = await login(server.url, { type, token: token(claims, parts), ...fields }, { headers });

    expect(status === 200 ? body["user_id"] : status).toBe(becomes);
    if (status !== 200) expect(body["errcode"]).toBe("M_FORBIDDEN");
    if (account) expect(await modules.host.db.users.find(String(becomes))).toMatchObject(account);
  });
});

test("a server that comes from Synapse refuses the sixth login at once from an address, as Synapse does", async () => {
  const server = await serve(modules.synapse.app);
  const attempt = (n: number) =>
    login(server.url, { type: "org.matrix.login.jwt", token: token({ ...FOR_SYNAPSE, sub: `many${String(n)}` }) });

  const statuses: number[] = [];
  for (const n of [1, 2, 3, 4, 5, 6]) statuses.push((await attempt(n)).status);
  await server.close();

  expect(statuses).toEqual([200, 200, 200, 200, 200, 429]);
});

test("an unknown user can be 404, as tuwunel has it", async () => {
  const { findUser } = modules["tuwunel-not-found"];
  const loginTypes = { "org.matrix.login.jwt": { secret: SECRET } satisfies LoginTypeOptions };
  const issueToken = () => ({ accessToken: "an access token" });
  const app = express();
  app.use(matrixJwtLogin({ serverName: SERVER_NAME, loginTypes, findUser, issueToken, logger: false }));
  const server = await serve(app);
  const attempt = (sub: string) => login(server.url, { type: "org.matrix.login.jwt", token: token({ sub }) });

  const answers = [await attempt("nobody"), await attempt("bob")].map(({ status, body }) => [status, body["errcode"]]);
  await server.close();

  expect(answers).toEqual([
    [404, "M_NOT_FOUND"],
    [200, undefined],
  ]);
});

/** The key of the guide's tuwunel configuration. */
function base64Key(): string {
  return /^key = "([^"]+)"$/m.exec(page)?.[1] ?? "";
}
