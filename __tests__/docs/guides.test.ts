import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { promisify } from "node:util";

import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import {
  matrixJwtLogin,
  type JwksOptions,
  type LoginTypeOptions,
  type MatrixJwtLoginOptions,
  type RejectReason,
} from "matrix-jwt-login";

import { main } from "../../lib/cli/main.js";
import { runExamples } from "../helpers/examples.js";
import { serveIdentityProvider } from "../helpers/identity-provider.js";
import { keySet } from "../helpers/jwks-server.js";
import { SECRET } from "../helpers/keys.js";
import { copyOfLib, type LibCopy } from "../helpers/lib-copy.js";
import { given, host, login, LOGIN_TYPE, optionsWith, type User } from "../helpers/login.js";
import { blocksUnder, guides, headingsOf, HOST, OTHERS, pathOf } from "./helpers/guides.js";
import { blocksOf, textOf } from "./helpers/pages.js";
import {
  issued,
  serveProviders,
  shownIn,
  SIGNING_KEY,
  TOKEN,
  type Case,
  type Internet,
  type Provider,
} from "./helpers/provider.js";
import { auth0 } from "./helpers/providers/auth0.js";
import { authelia } from "./helpers/providers/authelia.js";
import { authentik } from "./helpers/providers/authentik.js";
import { betterAuth } from "./helpers/providers/better-auth.js";
import { clerk } from "./helpers/providers/clerk.js";
import { cognito } from "./helpers/providers/cognito.js";
import { entraId } from "./helpers/providers/entra-id.js";
import { firebase } from "./helpers/providers/firebase.js";
import { gitlab } from "./helpers/providers/gitlab.js";
import { google } from "./helpers/providers/google.js";
import { INTROSPECTED } from "./helpers/providers/introspection.js";
import { keycloak } from "./helpers/providers/keycloak.js";
import { okta } from "./helpers/providers/okta.js";
import { openIdConnect } from "./helpers/providers/openid-connect.js";
import { ownBackend } from "./helpers/providers/own-backend.js";
import { supabase } from "./helpers/providers/supabase.js";
import { zitadel } from "./helpers/providers/zitadel.js";

const PROVIDERS: readonly Provider[] = [
  keycloak,
  auth0,
  zitadel,
  okta,
  entraId,
  ownBackend,
  openIdConnect,
  authentik,
  authelia,
  google,
  firebase,
  supabase,
  cognito,
  clerk,
  gitlab,
  betterAuth,
  ...INTROSPECTED,
];
const hasCurl = spawnSync("curl", ["--version"]).status === 0;

let exported: Readonly<Record<string, unknown>>;
let internet: Internet;
let lib: LibCopy;

beforeAll(async () => {
  Object.assign(process.env, { JWT_SECRET: SECRET, CLIENT_SECRET: "the client's secret" });
  const blocks = ["README", ...PROVIDERS.map(({ page }) => page)].flatMap((page) => optionsAndMore(page));
  const modules = await runExamples<Readonly<Record<string, object>>>({
    "host.mjs": HOST,
    ...Object.fromEntries(blocks),
  });
  exported = Object.assign({}, ...Object.values(modules)) as typeof exported;
  internet = await serveProviders(PROVIDERS);
  lib = copyOfLib();
});

afterAll(async () => {
  lib.remove();
  await internet.close();
});

/** A page's blocks that are files of a project: those that name themselves, and all TypeScript. */
function optionsAndMore(page: string): readonly (readonly [string, string])[] {
  return blocksOf(pathOf(page))
    .filter(({ language, name }) => language === "ts" || name.endsWith(".mjs"))
    .map(({ name, code }, i) => [name.endsWith(".mjs") ? name : `${page}-${String(i)}.ts`, code]);
}

test("the server of the index has the middleware", () => {
  expect(exported["app"]).toHaveProperty("use");
});

test("every guide is tried here, and is in the index", () => {
  const targets = Array.from(
    textOf(pathOf("README")).matchAll(/\]\(([^):#]+)\.md(?:#[^)]*)?\)/g),
    ([, target = ""]) => target,
  );
  const tried = PROVIDERS.map(({ page }) => page);

  expect(tried).toEqual(expect.arrayContaining([...guides()]));
  expect(targets).toEqual(expect.arrayContaining([...tried, ...OTHERS.slice(1)]));
});

describe.each(PROVIDERS)("the guide for $page", ({ page, name, answers, documents, cases }) => {
  const options = (jwksOptions: JwksOptions, set: Case["set"] = {}): LoginTypeOptions => {
    const printed = exported[name] as LoginTypeOptions;
    const { introspection } = printed;
    const remote = introspection
      ? { introspection: { ...introspection, ...given({ fetch: jwksOptions.fetch }) } }
      : Object.keys(documents).length > 0 && { jwksOptions };
    return given({ ...printed, ...remote, ...set }) as LoginTypeOptions;
  };
  const reachable = () => options({ fetch: internet.fetch, cooldown: 0.05 });

  test("says where to click, fetches a token, shows it, gives options, checks it, logs in, and warns", () => {
    const [where = "", ...headings] = headingsOf(page);

    expect(where).toMatch(/^(?:At \S|In your application)/);
    expect(headings.slice(0, 4)).toEqual(["Get a token", "Options", "Check it", "Log in"]);
    expect(headings).toContain("Pitfalls");
    expect(blocksUnder(page, "Get a token", "sh").at(-1)).toContain("> token.txt");
    expect(blocksUnder(page, "Get a token", "json")).toHaveLength(1);
    expect(blocksUnder(page, "Options", "js")[0]).toContain(`export const ${name} = {`);
    expect(blocksUnder(page, "Check it", "sh")).toHaveLength(1);
    expect(blocksUnder(page, "Log in", "sh")).toHaveLength(1);
    expect(blocksUnder(page, "Log in", "json")).toHaveLength(1);
  });

  (hasCurl ? test : test.skip)("logs in, command by command, as printed", async () => {
    const { header, claims } = shownIn(pathOf(page));
    const token = header ? issued(header, claims) : (cases[0]?.token ?? "");
    internet.answer(
      JSON.parse(JSON.stringify(answers).replaceAll(`"${TOKEN}"`, JSON.stringify(token))) as Provider["answers"],
    );
    const matrix = await host(serverWith(reachable(), { findUser: (id) => ({ id }) }));
    const folder = mkdtempSync(join(tmpdir(), "guide-"));
    writeFileSync(join(folder, "jwt-secret"), `${SECRET}\n`);
    const bash = async (commands: readonly string[]) => {
      const script = commands
        .join("\n")
        .replaceAll("https://matrix.example.org/_matrix", `${matrix.url}/_matrix`)
        .replaceAll(/(curl [^|\n]*?)https:\/\//g, `$1${internet.url}/`);
      const npx = `npx() { shift; node '${lib.directory}/cli/bin.js' "$@"; }`;
      return promisify(execFile)("bash", ["-ec", `${npx}\n${script}`], { cwd: folder, encoding: "utf8" });
    };
    try {
      const got = await bash(blocksUnder(page, "Get a token", "sh"));
      const fetched = readFileSync(join(folder, "token.txt"), "utf8");
      const checked = await explained(page, folder, fetched);
      const { stdout } = await bash(blocksUnder(page, "Log in", "sh"));

      const shown = header ? claimsIn(fetched) : (JSON.parse(got.stdout.trimEnd().split("\n").at(-1) ?? "") as object);
      expect(Object.keys(shown).sort()).toEqual(Object.keys(claims).sort());
      expect(checked).toEqual({ exitCode: 0, output: expect.stringContaining("Accepted") });
      const printed = JSON.parse(blocksUnder(page, "Log in", "json")[0] ?? "") as object;
      const random = { access_token: expect.any(String), device_id: expect.any(String) };
      expect(JSON.parse(stdout)).toEqual({ ...printed, ...random });
    } finally {
      rmSync(folder, { recursive: true });
      await matrix.close();
    }
  });

  test.each(cases)("$what: $becomes", async ({ token, set, becomes, displayName }) => {
    const outcome = await outcomeOf(token, {
      ...options({ fetch: internet.fetch, cooldown: 0.05 }, set),
      allowRegistration: true,
    });

    expect(outcome.becomes).toBe(becomes);
    if (displayName !== undefined) expect(outcome.displayName).toBe(displayName);
  });

  test("makes the middleware before any request, and asks nobody until then", async () => {
    const asked: string[] = [];
    const fetch = (url: string) => {
      asked.push(url);
      return Promise.reject(new Error("no network"));
    };
    const { jwtLogin } = matrixJwtLogin(serverWith(options({ fetch })));
    const askedByMaking = [...asked];

    await jwtLogin.ready().catch(() => undefined);

    expect(askedByMaking).toEqual([]);
    expect(asked).toEqual(Object.keys(documents).slice(0, 1));
  });

  test("has a line that checks a token that is refused", async () => {
    const refused = cases.filter(({ set, becomes }) => set === undefined && !becomes.startsWith("@"));
    for (const { what, token } of refused.slice(0, 2)) {
      const folder = mkdtempSync(join(tmpdir(), "guide-"));
      const { exitCode, output } = await explained(page, folder, token);
      rmSync(folder, { recursive: true });
      expect({ what, exitCode, output }).toEqual({ what, exitCode: 1, output: expect.stringContaining("Refused") });
    }
  });
});

test("the general guide asks the provider what it offers, as printed", async () => {
  const [line = ""] = blocksUnder("openid-connect", "At the provider", "sh");
  const provider = await serveIdentityProvider();
  provider.answer("/jwks", keySet([SIGNING_KEY]));
  let output = "";
  const write = (text: string) => (output += text);

  const args = line.trimEnd().replace("https://id.example.org", provider.url).split(" ").slice(2);
  const exitCode = await main(args, { stdin: Readable.from([]), stdout: { write }, stderr: { write } });
  await provider.close();

  expect([exitCode, output]).toEqual([0, expect.stringContaining(`issuer: "${provider.issuer}"`)]);
});

test("the token that the guide for your own backend makes logs in, once", async () => {
  const matrixToken = exported["matrixToken"] as (user: { name: string; displayName: string }) => string;
  const token = matrixToken({ name: "alice", displayName: "Alice Example" });
  const loginType = exported["ownBackend"] as LoginTypeOptions;
  const reasons: RejectReason[] = [];
  const { url, close } = await host(
    serverWith(loginType, { findUser: (id) => ({ id }), onReject: ({ reason }) => reasons.push(reason) }),
  );

  const statuses = [await login(url, { type: LOGIN_TYPE, token }), await login(url, { type: LOGIN_TYPE, token })].map(
    ({ status }) => status,
  );
  await close();

  expect(statuses).toEqual([200, 403]);
  expect(reasons).toEqual(["used"]);
});

/** What the line of a guide says of a token, with the guide's block of options beside it, as printed. */
async function explained(
  page: string,
  folder: string,
  token: string,
): Promise<{ readonly exitCode: number; readonly output: string }> {
  const fetch = jest.spyOn(globalThis, "fetch").mockImplementation(internet.fetch as typeof globalThis.fetch);
  const line = blocksUnder(page, "Check it", "sh")[0]?.trimEnd().split("\n").at(-1) ?? "";
  const [, file = "", rest = ""] =
    /^npx matrix-jwt-login explain --options (\S+\.mjs) (.*) < token\.txt$/.exec(line) ?? [];
  const [block] = blocksOf(pathOf(page), "js").filter(({ name }) => name === file);
  // Jest transforms no ".mjs".
  const module = join(folder, file.replace(".mjs", ".js"));
  writeFileSync(module, block?.code ?? "");
  let output = "";
  const write = (text: string) => (output += text);
  try {
    const exitCode = await main(["explain", "--options", module, ...rest.split(" ")], {
      stdin: Readable.from([token]),
      stdout: { write },
      stderr: { write },
    });
    return { exitCode, output };
  } finally {
    fetch.mockRestore();
  }
}

function claimsIn(token: string): object {
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as object;
}

interface Outcome {
  /** The user who was logged in, or why nobody was. */
  readonly becomes: unknown;
  readonly displayName: string | undefined;
}

/** What becomes of a token that is posted to a server which knows nobody yet. */
async function outcomeOf(token: string, loginType: LoginTypeOptions): Promise<Outcome> {
  let reason: RejectReason | undefined;
  let displayName: string | undefined;
  const options = serverWith(loginType, {
    registerUser: (id, verified) => {
      displayName = verified.displayName;
      return { id };
    },
    onReject: (event) => {
      reason = event.reason;
    },
  });
  const { url, close } = await host(options);
  try {
    const { status, body } = await login(url, { type: LOGIN_TYPE, token });
    if (status === 200) return { becomes: body["user_id"], displayName };
    // No user ID can be made of it, or it is not of the format.
    const refusals = reason === "user_id" ? ["400 M_INVALID_USERNAME", "403 M_FORBIDDEN"] : ["403 M_FORBIDDEN"];
    expect(refusals).toContain(`${String(status)} ${String(body["errcode"])}`);
    return { becomes: reason, displayName };
  } finally {
    await close();
  }
}

function serverWith(
  loginType: LoginTypeOptions,
  callbacks: Partial<MatrixJwtLoginOptions<User>> = {},
): MatrixJwtLoginOptions<User> {
  const loginTypes = { [LOGIN_TYPE]: loginType };
  return optionsWith({}, { loginTypes, findUser: () => undefined, ...callbacks });
}
