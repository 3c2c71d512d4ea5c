import { beforeAll, describe, expect, test } from "@jest/globals";

import { loginTokenIn, TestBrowser } from "../sso/helpers/browser.js";
import { CLIENT, serveProvider } from "../sso/helpers/provider.js";
import { atOnce, statusesOf, type Replicas } from "./helpers/replicas.js";
import { newPostgres, query, withPostgres } from "./helpers/services.js";
import { newDirectory, startTestServer, whoami, type Answer, type TestServer } from "./helpers/test-server.js";

/** A provider names its users by `preferred_username`, and one of them is renamed. */
async function expectNamesToChangeHands(environment: Readonly<Record<string, string>> = {}): Promise<void> {
  const provider = await serveProvider();
  try {
    const server = await startTestServer({
      ...environment,
      IDENTITY_PROVIDER: provider.issuer,
      REGISTER_USERS: "true",
      SSO_CLIENT_ID: CLIENT.id,
      SSO_CLIENT_SECRET: CLIENT.secret,
      TRUSTED_CLIENTS: APP,
    });
    const signIn = async (sub: string, name: string): Promise<unknown> => {
      provider.claims = { sub, preferred_username: name };
      const start = `${server.url}/_matrix/client/v3/login/sso/redirect?redirectUrl=${encodeURIComponent(APP)}`;
      const home = await new TestBrowser().visit(start);
      if (home.status !== 303) return home.text;
      const body = { type: "m.login.token", token: loginTokenIn(home) };
      return (await server.post("/_matrix/client/v3/login", { body })).body["user_id"];
    };
    expect(await signIn("1", "carol")).toBe("@carol:localhost");
    expect(await signIn("1", "renamed")).toBe("@carol:localhost");
    expect(await signIn("2", "carol")).toContain("This account is not linked to your identity");
    expect(await signIn("2", "renamed")).toBe("@renamed:localhost");
  } finally {
    await provider.close();
  }
}

const APP = "https://app.example.org/";
const IDENTITIES = "/_matrix/client/unstable/org.matrix-jwt-login/identities";

describe("linked accounts", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ REGISTER_USERS: "true" });
  });

  const identitiesOf = async ({ body }: Answer): Promise<unknown> =>
    (await server.get(IDENTITIES, { accessToken: body["access_token"] as string })).body;

  test("the seeded users are those of the provider", async () => {
    const login = await server.loginByJwks({ sub: "alice" });
    expect(login).toMatchObject({ status: 200, body: { user_id: "@alice:localhost" } });
    expect(await identitiesOf(login)).toEqual({
      identities: [{ issuer: server.identityProvider.issuer, subject: "alice" }],
    });
  });

  test("who is registered is linked", async () => {
    const login = await server.loginByJwks({ sub: "erin", name: "Erin" });
    expect(login).toMatchObject({ status: 200, body: { user_id: "@erin:localhost" } });
    expect(await identitiesOf(login)).toMatchObject({ identities: [{ subject: "erin" }] });
  });

  test("a user of another login is not the provider's user of that name", async () => {
    const bob = await server.loginBySecret({ sub: "bob" });
    expect(await identitiesOf(bob)).toEqual({ identities: [] });
    expect(await server.loginByJwks({ sub: "bob" })).toMatchObject({
      status: 403,
      body: { error: "This account is not linked to your identity" },
    });
    const token = server.identityProvider.tokenWith({
      sub: "bob",
      iat: Math.floor(Date.now() / 1_000),
      exp: Math.floor(Date.now() / 1_000) + 60,
      scope: "urn:matrix:client:api:*",
    });
    expect(await whoami(server, token)).toMatchObject({ status: 401 });
  });

  test("a renamed user keeps the account, and whoever gets the old name does not get it", () =>
    expectNamesToChangeHands());

  test.each(["a\0b", "\ud800"])("a subject that no database takes is refused: %j", async (sub) => {
    expect(await server.loginByJwks({ sub })).toMatchObject({ status: 403 });
  });

  test("identities are for their user alone", async () => {
    expect(await server.get(IDENTITIES)).toMatchObject({ status: 401, body: { errcode: "M_MISSING_TOKEN" } });
    expect(await server.post(IDENTITIES)).toMatchObject({ status: 405 });
  });
});

withPostgres("linked accounts over three replicas (DATABASE_URL)", () => {
  let databaseUrl: string;
  let replicas: Replicas;

  beforeAll(async () => {
    databaseUrl = await newPostgres();
    const directory = newDirectory();
    const limits = { RATE_LIMIT_ADDRESS: "0", RATE_LIMIT_ACCOUNT: "0", RATE_LIMIT_FAILURES: "0" };
    const environment = { DATABASE_URL: databaseUrl, REGISTER_USERS: "true", ...limits };
    const one = await startTestServer(environment, directory);
    const others = { ...environment, IDENTITY_PROVIDER: one.identityProvider.issuer };
    replicas = [one, await startTestServer(others, directory), await startTestServer(others, directory)];
  });

  test("200 first logins of 20 identities at once are 20 users with a link each", async () => {
    const answers = await atOnce(replicas, 200, (replica, i) => replica.loginByJwks({ sub: `user${String(i % 20)}` }));
    expect(statusesOf(answers)).toEqual({ 200: 200 });
    const rows = await query(databaseUrl, "SELECT subject, user_id FROM external_ids WHERE subject LIKE 'user%'");
    expect(rows).toHaveLength(20);
    for (const { subject, user_id: userId } of rows) expect(userId).toBe(`@${String(subject)}:localhost`);
    expect(await query(databaseUrl, "SELECT FROM users WHERE user_id LIKE '@user%'")).toHaveLength(20);
  });

  test("a renamed user keeps the account, and whoever gets the old name does not get it", async () =>
    expectNamesToChangeHands({ DATABASE_URL: await newPostgres() }));
});
