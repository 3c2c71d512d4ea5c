import { expect, test } from "@jest/globals";

import { createLog } from "../../example-server/src/log.js";
import { startTestServer } from "./helpers/test-server.js";
import { hs256Token } from "../../example-server/src/signed-token.js";

type Line = Readonly<Record<string, unknown>>;

/** Keeps what is logged, at the level that says most. */
function recording() {
  const chunks: string[] = [];
  const log = createLog("trace", { write: (chunk) => void chunks.push(chunk) });
  return {
    log,
    text: () => chunks.join(""),
    lines: () => chunks.map((chunk) => JSON.parse(chunk) as Line),
  };
}

test("logins and refusals are a line each, and no secret is in any", async () => {
  const { log, text, lines } = recording();
  const server = await startTestServer({}, undefined, log);
  const secrets = [server.secrets.jwtSecret, server.secrets.devPassword, server.secrets.idpKey.split("\n")[1]];
  const now = Math.floor(Date.now() / 1000);
  const refused = [
    hs256Token({ sub: "bob", exp: 1 }, server.secrets.jwtSecret),
    hs256Token({ sub: "bob", exp: now + 60 }, "another secret, as long as it has to be"),
    `${hs256Token({ sub: "bob", exp: now + 60 }, server.secrets.jwtSecret)}x`,
  ];
  for (const token of refused) {
    secrets.push(token, token.split(".")[1], token.split(".")[2]);
    const answer = await server.post("/_matrix/client/v3/login", { body: { type: "org.matrix.login.jwt", token } });
    expect(answer.status).toBe(403);
  }
  const login = await server.loginBySecret({ sub: "bob" }, { refresh_token: true });
  const { access_token: accessToken, refresh_token: refreshToken } = login.body;
  secrets.push(accessToken as string, refreshToken as string);
  await server.get(`/_matrix/client/v3/account/whoami?access_token=${String(accessToken)}`);
  await server.post("/_matrix/client/v3/refresh", { body: `{"refresh_token":"${String(refreshToken)}` });
  await server.loginByPassword("alice", "wrong, but nobody's business");
  secrets.push("nobody's business");
  await server.stop();

  expect(lines()).toContainEqual(
    expect.objectContaining({
      level: 30,
      msg: "Logged in",
      loginType: "org.matrix.login.jwt",
      userId: "@bob:localhost",
    }),
  );
  expect(
    lines()
      .filter(({ msg }) => msg === "Login refused")
      .map(({ reason }) => reason),
  ).toEqual(["expired", "signature", expect.any(String)]);
  for (const secret of secrets) expect(text()).not.toContain(secret);
});

test.each<[string, (log: ReturnType<typeof createLog>, secret: string) => void]>([
  [
    "in a field of that name",
    (log, token) => {
      log.info({ token }, "x");
    },
  ],
  [
    "in a body",
    (log, password) => {
      log.info({ body: { password } }, "x");
    },
  ],
  [
    "in a request's headers",
    (log, secret) => {
      log.info({ req: { headers: { authorization: `Bearer ${secret}` } } }, "x");
    },
  ],
  [
    "in a command that failed",
    (log, secret) => {
      log.error(Object.assign(new Error("WRONGPASS"), { command: { name: "auth", args: ["default", secret] } }));
    },
  ],
  [
    "in the cause of an error",
    (log, secret) => {
      log.error(new Error("no", { cause: Object.assign(new Error("inner"), { config: { secret } }) }));
    },
  ],
])("a secret %s stays out", (_where, write) => {
  const { log, text, lines } = recording();
  write(log, "hush-hush");
  expect(lines()).toHaveLength(1);
  expect(text()).not.toContain("hush-hush");
});

test("a JSON Web Token within a text stays out, and the line is still JSON", () => {
  const { log, text, lines } = recording();
  const token = hs256Token({ sub: "bob" }, "secret");
  log.warn(`the client sent "${token}" and ${token.split(".").slice(0, 2).join(".")}`);
  expect(lines()[0]).toMatchObject({ msg: 'the client sent "[token]" and [token]' });
  expect(text()).not.toContain(token.split(".")[1]);
});

test("an error keeps what tells an operator what happened", () => {
  const { log, lines } = recording();
  const cause = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
  log.error(new Error("the store does not work", { cause }));
  expect(lines()[0]).toMatchObject({
    level: 50,
    msg: "the store does not work",
    err: {
      name: "Error",
      stack: expect.stringContaining("log.test"),
      cause: { message: "connect ECONNREFUSED", code: "ECONNREFUSED" },
    },
  });
});
