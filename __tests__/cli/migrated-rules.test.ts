import { describe, expect, test } from "@jest/globals";
import { fromTokenAuthenticatorConfig } from "matrix-jwt-login";

import { jsonReport } from "../../lib/cli/explain/json-report.js";
import { judge } from "../../lib/cli/explain/judge.js";
import { report } from "../../lib/cli/explain/report.js";
import { jwk, RSA, SECRET } from "../helpers/keys.js";
import { SERVER_NAME } from "../helpers/login.js";
import { token, type TokenParts } from "../helpers/tokens.js";

const OAUTH = {
  jwt_validation: {
    jwk_set: jwk(RSA),
    localpart_path: "sub",
    required_scopes: "matrix",
    validator: ["in", "role", ["equal", "user"]],
  },
};
const RS256: TokenParts = { algorithm: "RS256" };
const GOOD = { iss: "https://idp.example.org", sub: "alice", scope: "openid matrix", role: "user" };

describe("explain names the rule of a migrated configuration that refuses a token", () => {
  test.each([
    ["a scope", { oauth: OAUTH }, { ...GOOD, scope: "openid" }, RS256, "oauth.jwt_validation.required_scopes"],
    ["a validator", { oauth: OAUTH }, { ...GOOD, role: "guest" }, RS256, "oauth.jwt_validation.validator"],
    ["an issuer", { oauth: OAUTH }, { ...GOOD, iss: undefined }, RS256, "iss and sub must be there, one of each"],
    ["a type", { oauth: OAUTH }, { ...GOOD, jti: 1 }, RS256, "jti and the claim typ must be text"],
    ["a chat box", { jwt: { secret: SECRET, algorithm: "HS256" } }, { type: "chatbox" }, {}, "ends in a UUID"],
  ])("%s", async (_, config, claims, parts, rule) => {
    const [options] = Object.values(fromTokenAuthenticatorConfig(config));
    const explained = (sent: Readonly<Record<string, unknown>>) =>
      judge(token(sent, parts), options as object, { serverName: SERVER_NAME });
    const { findings } = await explained(claims);
    expect(findings.get("authorize")).toMatchObject({
      text: expect.stringContaining(`a rule of the migrated configuration, asked with`),
      advice: expect.stringContaining("Compare the claims with that setting"),
    });
    expect(findings.get("authorize")?.text).toContain(rule);

    await expect(judge(token(claims, parts), options as object, { serverName: SERVER_NAME })).resolves.toMatchObject({
      refusal: { code: "unauthorized", message: expect.stringContaining(`token not authorized: `) },
    });

    const good = await explained({ ...GOOD });
    expect([good.refusal, good.findings.get("authorize")?.text]).toEqual([
      undefined,
      expect.stringMatching(/^the rules of the migrated configuration, asked with/),
    ]);
  });
});

test("explain --json has it beside the check that passed", async () => {
  const [options] = Object.values(fromTokenAuthenticatorConfig({ oauth: OAUTH }));
  const judgement = await judge(token(GOOD, RS256), options as object, { serverName: SERVER_NAME });
  expect(JSON.parse(jsonReport(judgement))).toMatchObject({
    accepted: true,
    checks: expect.arrayContaining([
      expect.objectContaining({
        name: "authorize",
        result: "pass",
        advice: expect.stringContaining("must name a user"),
      }),
    ]),
  });
});

test.each([
  [OAUTH, "Alone, the token would be refused: the login request must name a user (identifier)."],
  [{ ...OAUTH, username_type: "localpart" }, "The login request must name this user too (identifier)."],
] as const)("explain says what a migrated configuration asks of the login request", async (oauth, line) => {
  const [options] = Object.values(fromTokenAuthenticatorConfig({ oauth }));
  const judgement = await judge(token(GOOD, RS256), options as object, { serverName: SERVER_NAME });
  expect(report(judgement, { quiet: true, paint: (_, text) => text })).toMatch(
    new RegExp(`^Accepted.*\n${line.replace(/[().]/g, "\\$&")}\n$`, "m"),
  );
});
