import { describe, expect, test } from "@jest/globals";
import { createJwtLogin, matrixJwtLogin, type JwtLoginOptions, type RejectEvent } from "matrix-jwt-login";

import { expectOptionsError } from "../helpers/bad-options.js";
import { pem, RSA, SECRET } from "../helpers/keys.js";
import { LOGIN_TYPE, optionsWith, SERVER_NAME, type User } from "../helpers/login.js";
import { token } from "../helpers/tokens.js";

const A = { issuer: "https://a.example.org", secret: SECRET };
const B = { issuer: "https://b.example.org", publicKey: pem(RSA), subjectFormat: "userId", singleUse: true } as const;
const PATH = `loginTypes["${LOGIN_TYPE}"]`;

function optionsFor(list: readonly object[], more: object = { externalIds: false }): JwtLoginOptions<User> {
  return Object.assign(optionsWith(), { loginTypes: { [LOGIN_TYPE]: list } }, more);
}

const tokenOfA = (claims: object = {}) => token({ iss: A.issuer, ...claims });
const tokenOfB = (claims: object = {}) =>
  token({ iss: B.issuer, sub: `@bob:${SERVER_NAME}`, ...claims }, { algorithm: "RS256" });

describe("a login type with a list of issuers", () => {
  test("logs users of each issuer in by that issuer's rules", async () => {
    const { login } = createJwtLogin(optionsFor([A, B]));
    const send = (text: string) => login({ type: LOGIN_TYPE, token: text });
    await expect(send(tokenOfA())).resolves.toMatchObject({ user_id: `@alice:${SERVER_NAME}` });
    await expect(send(tokenOfA())).resolves.toMatchObject({ user_id: `@alice:${SERVER_NAME}` });
    const once = tokenOfB();
    await expect(send(once)).resolves.toMatchObject({ user_id: `@bob:${SERVER_NAME}` });
    await expect(send(once)).rejects.toMatchObject({
      statusCode: 403,
      message: expect.stringContaining("used before"),
    });
    await expect(send(tokenOfA({ sub: `@alice:${SERVER_NAME}` }))).rejects.toMatchObject({ statusCode: 403 });
  });

  test("refuses tokens of other issuers with the code issuer", async () => {
    const events: RejectEvent[] = [];
    const { login } = createJwtLogin(
      optionsFor([A, B], { externalIds: false, onReject: (event: RejectEvent) => events.push(event) }),
    );
    for (const text of [token(), tokenOfA({ iss: "https://c.example.org" }), tokenOfA({ iss: null })]) {
      const refused = { statusCode: 403, message: "JWT validation failed: token issuer not accepted (iss)" };
      await expect(login({ type: LOGIN_TYPE, token: text })).rejects.toMatchObject(refused);
    }
    await expect(login({ type: LOGIN_TYPE })).rejects.toMatchObject({ statusCode: 403 });
    expect(events.map(({ reason }) => reason)).toEqual(["issuer", "issuer", "issuer", "missing"]);
  });

  test("is ready once the keys of each are there", async () => {
    await expect(createJwtLogin(optionsFor([A, B])).ready()).resolves.toBeUndefined();
  });

  test.each<[string, readonly object[], object, string, RegExp]>([
    ["a wrong option", [A, { ...B, audience: 1 }], { externalIds: false }, `${PATH}[1].audience`, /must be a string/],
    [
      "no registerUser",
      [A, { ...B, allowRegistration: true }],
      { externalIds: false },
      `${PATH}[1].allowRegistration`,
      /needs/,
    ],
    ["no issuer", [A, { secret: SECRET }], { externalIds: false }, `${PATH}[1].issuer`, /is required/],
    ["nothing", [], { externalIds: false }, PATH, /must not be an empty list/],
    ["no word about linked accounts", [A, B], {}, "externalIds", /is required with a list of issuers \(.*false allows/],
    ["undefined for linked accounts", [A, B], { externalIds: undefined }, "externalIds", /is required with a list/],
  ])("is refused with %s", (_, list, more, path, problem) => {
    expectOptionsError(() => createJwtLogin(optionsFor(list, more)), path, problem);
    expectOptionsError(() => matrixJwtLogin(optionsFor(list, more)), path, problem);
  });

  test("is held to the middleware's body limit", () => {
    const list = [A, { ...B, maxTokenLength: 70_000 }];
    expectOptionsError(() => matrixJwtLogin(optionsFor(list)), `${PATH}[1].maxTokenLength`, /bodyLimit/);
    expect(() => createJwtLogin(optionsFor(list))).not.toThrow();
  });
});
