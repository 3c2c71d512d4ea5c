import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { createJwtLogin, type JwtLoginOptions } from "matrix-jwt-login";
import pg from "pg";

import { rejection, submission } from "../helpers/core.js";
import { runExamples } from "../helpers/examples.js";
import { SECRET } from "../helpers/keys.js";
import { LOGIN_TYPE } from "../helpers/login.js";
import { statusOf } from "../limits/helpers.js";

const page = readFileSync(join(import.meta.dirname, "..", "..", "docs", "linked-accounts.md"), "utf8");
const [, sql = ""] = /^```sql\n([^`]*)/m.exec(page) ?? [];
const [, code = ""] = /^```ts\n([\s\S]*?)^```/m.exec(page) ?? [];

const { DATABASE_URL = "" } = process.env;
const described = DATABASE_URL.startsWith("postgres") ? describe : describe.skip;
const CAROL = "@carol:example.org";

interface Account {
  readonly user_id: string;
}

type Accounts = Pick<JwtLoginOptions<Account>, "findUser" | "registerUser"> & {
  readonly externalIds: Exclude<JwtLoginOptions<Account>["externalIds"], false | undefined>;
};

interface Modules {
  readonly accounts: { readonly accounts: Accounts; readonly pool: pg.Pool };
}

described("the page's accounts, in Postgres (DATABASE_URL)", () => {
  const schema = `linked_${randomUUID().replaceAll("-", "")}`;
  const admin = new pg.Pool({ connectionString: DATABASE_URL, options: `-c search_path=${schema}` });
  let accounts: Accounts;
  let pool: pg.Pool;

  beforeAll(async () => {
    await admin.query(`CREATE SCHEMA ${schema}`);
    await admin.query(sql);
    const url = new URL(DATABASE_URL);
    url.searchParams.set("options", `-c search_path=${schema}`);
    process.env["DATABASE_URL"] = url.href;
    ({
      accounts: { accounts, pool },
    } = await runExamples<Modules>({ accounts: `${code}\nexport { pool };` }));
    process.env["DATABASE_URL"] = DATABASE_URL;
  });
  beforeEach(async () => {
    await admin.query("TRUNCATE users, external_ids");
    await admin.query("INSERT INTO users VALUES ('@alice:example.org')");
  });
  afterAll(async () => {
    await admin.query(`DROP SCHEMA ${schema} CASCADE`);
    await Promise.all([admin.end(), pool.end()]);
  });

  const login = (existingUsers: "refuse" | "link" = "refuse") =>
    createJwtLogin<Account>({
      serverName: "example.org",
      loginTypes: { [LOGIN_TYPE]: { secret: SECRET, subjectClaim: "name", allowRegistration: true } },
      issueToken: ({ user_id }) => ({ accessToken: user_id }),
      findUser: accounts.findUser,
      ...(accounts.registerUser && { registerUser: accounts.registerUser }),
      externalIds: { ...accounts.externalIds, existingUsers },
    });
  const sent = (sub: string, name: string) => submission({ iss: "https://idp.example.org", sub, name });
  const linked = async () =>
    (await admin.query<{ subject: string; user_id: string }>("SELECT subject, user_id FROM external_ids")).rows;

  test("50 first logins of one identity at once are one user", async () => {
    const core = login();
    const all = await Promise.all(Array.from({ length: 50 }, () => core.login(sent("1", "carol"))));
    expect(new Set(all.map(({ user_id }) => user_id))).toEqual(new Set([CAROL]));
    expect(await linked()).toEqual([{ subject: "1", user_id: CAROL }]);
  });

  test.each<["refuse" | "link", string]>([
    ["refuse", "carol"],
    ["link", "carol"],
    ["link", "alice"],
  ])("of 30 identities that come at once with one name, one gets it: %s, %s", async (existingUsers, name) => {
    const core = login(existingUsers);
    const all = await Promise.all(Array.from({ length: 30 }, (_, i) => statusOf(core.login(sent(String(i), name)))));
    expect(all.filter((status) => status === 200)).toHaveLength(1);
    expect(all.filter((status) => status === 403)).toHaveLength(29);
    expect(await linked()).toEqual([{ subject: String(all.indexOf(200)), user_id: `@${name}:example.org` }]);
  });

  test("a name that is somebody else's now does not open the old owner's account", async () => {
    const core = login();
    expect(await core.login(sent("1", "carol"))).toMatchObject({ user_id: CAROL });
    expect(await core.login(sent("1", "renamed"))).toMatchObject({ user_id: CAROL });
    expect(await rejection(core.login(sent("2", "carol")))).toMatchObject({ statusCode: 403 });
    expect(await rejection(core.login(sent("3", "alice")))).toMatchObject({ statusCode: 403 });
  });
});
