import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";

import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import {
  matrixJwtLogin,
  type JwksOptions,
  type LoginTypeOptions,
  type MatrixJwtLoginOptions,
  type RejectReason,
} from "matrix-jwt-login";

import { main } from "../../lib/cli/main.js";
import { problemsOf, runExamples } from "../helpers/examples.js";
import { SECRET } from "../helpers/keys.js";
import { given, host, login, LOGIN_TYPE, optionsWith, type User } from "../helpers/login.js";
import { examples, explainArguments, pages, textOf } from "./helpers/guides.js";
import { serveProviders, type Case, type Internet, type Provider } from "./helpers/provider.js";
import { authelia } from "./helpers/providers/authelia.js";
import { authentik } from "./helpers/providers/authentik.js";
import { betterAuth } from "./helpers/providers/better-auth.js";
import { clerk } from "./helpers/providers/clerk.js";
import { cognito } from "./helpers/providers/cognito.js";
import { firebase } from "./helpers/providers/firebase.js";
import { gitlab } from "./helpers/providers/gitlab.js";
import { google } from "./helpers/providers/google.js";
import { openIdConnect } from "./helpers/providers/openid-connect.js";
import { supabase } from "./helpers/providers/supabase.js";
import { auth0 } from "./helpers/providers/auth0.js";
import { entraId } from "./helpers/providers/entra-id.js";
import { keycloak } from "./helpers/providers/keycloak.js";
import { okta } from "./helpers/providers/okta.js";
import { ownBackend } from "./helpers/providers/own-backend.js";
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
];

let exported: Readonly<Record<string, unknown>>;
let internet: Internet;

beforeAll(async () => {
  process.env["JWT_SECRET"] = SECRET;
  const modules = await runExamples<Readonly<Record<string, object>>>(examples());
  exported = Object.assign({}, ...Object.values(modules)) as typeof exported;
  internet = await serveProviders(PROVIDERS);
});

afterAll(() => internet.close());

test("all TypeScript of the guides compiles as it stands", () => {
  const wrong = (examples()["okta"] ?? "").replace("audience:", "audiance:");

  const problems = problemsOf({ ...examples(), wrong });

  expect(problems.filter((problem) => !problem.startsWith("wrong.ts"))).toEqual([]);
  expect(problems).toContainEqual(expect.stringContaining("audiance"));
}, 60_000);

test("the server of the index has the middleware", () => {
  expect(exported["app"]).toHaveProperty("use");
});

test("every page is in the index", () => {
  const targets = (page: string) =>
    Array.from(textOf(page).matchAll(/\]\(([^):]+?)(?:#[^)]*)?\)/g), ([, target = ""]) => target);
  const others = pages().filter((page) => page !== "README");

  expect(others).toEqual(expect.arrayContaining(PROVIDERS.map(({ page }) => page)));
  expect(targets("README")).toEqual(expect.arrayContaining(others.map((page) => `${page}.md`)));
});

describe.each(PROVIDERS)("the guide for $page", ({ page, name, documents, cases }) => {
  const options = (jwksOptions: JwksOptions, set: Case["set"] = {}): LoginTypeOptions => {
    const remote = Object.keys(documents).length > 0 && { jwksOptions };
    return given({ ...(exported[name] as LoginTypeOptions), ...remote, ...set }) as LoginTypeOptions;
  };

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

  test.each(cases.filter(isForExplain))("has a line that checks a token: $what", async ({ token, becomes }) => {
    const { exitCode, output } = await explained(page, token);

    expect([exitCode, output]).toEqual(
      becomes.startsWith("@") ? [0, expect.stringContaining(becomes)] : [1, expect.stringContaining("aud")],
    );
  });
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

/** One token that is good and one that is not, as it is in the guide: the rest is for the tests of the command. */
function isForExplain({ set, what, becomes }: Case): boolean {
  return set === undefined && (becomes === "audience" || what === "token" || what === "access token");
}

/** What the line of a guide says of a token. */
async function explained(page: string, token: string): Promise<{ readonly exitCode: number; readonly output: string }> {
  const fetch = jest.spyOn(globalThis, "fetch").mockImplementation(internet.fetch as typeof globalThis.fetch);
  const directory = mkdtempSync(join(tmpdir(), "explain-"));
  const secretFile = join(directory, "jwt-secret");
  writeFileSync(secretFile, `${SECRET}\n`);
  let output = "";
  const write = (text: string) => (output += text);
  try {
    const args = explainArguments(page).map((argument) => (argument === "jwt-secret" ? secretFile : argument));
    const exitCode = await main(args, { stdin: Readable.from([`${token}\n`]), stdout: { write }, stderr: { write } });
    return { exitCode, output };
  } finally {
    fetch.mockRestore();
    rmSync(directory, { recursive: true });
  }
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
