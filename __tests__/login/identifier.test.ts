import { describe, expect, test } from "@jest/globals";

import { EXPRESS_VERSIONS } from "../helpers/hosts.js";
import { loginWith } from "../helpers/login.js";
import { mounting } from "../helpers/mounted.js";
import { token } from "../helpers/tokens.js";

const SAME: readonly (readonly [string, object])[] = [
  ["the localpart", { identifier: { type: "m.id.user", user: "alice" } }],
  ["the full user ID", { identifier: { type: "m.id.user", user: "@alice:example.org" } }],
  ["the localpart at the top", { user: "alice" }],
  ["the full user ID at the top", { user: "@alice:example.org" }],
  ["the same at both places", { user: "@alice:example.org", identifier: { type: "m.id.user", user: "alice" } }],
  ["an empty identifier beside the top", { user: "alice", identifier: { type: "" } }],
];

const NONE: readonly (readonly [string, object])[] = [
  ["nothing", {}],
  ["an empty identifier", { identifier: {} }],
  ["an identifier of an empty type", { identifier: { type: "" } }],
  ["an identifier of type m.id.user and no user", { identifier: { type: "m.id.user" } }],
  ["an identifier of another type and no user", { identifier: { type: "m.id.thirdparty", medium: "email" } }],
];

const OTHER: readonly (readonly [string, object])[] = [
  ["another localpart", { identifier: { type: "m.id.user", user: "bob" } }],
  ["another user ID", { identifier: { type: "m.id.user", user: "@bob:example.org" } }],
  ["the user of another server", { identifier: { type: "m.id.user", user: "@alice:example.com" } }],
  ["another case", { identifier: { type: "m.id.user", user: "Alice" } }],
  ["an empty user", { identifier: { type: "m.id.user", user: "" } }],
  ["null for a user", { identifier: { type: "m.id.user", user: null } }],
  ["a list of users", { identifier: { type: "m.id.user", user: ["alice"] } }],
  ["the user under another type", { identifier: { type: "m.id.thirdparty", user: "alice" } }],
  ["the user under an empty type", { identifier: { type: "", user: "alice" } }],
  ["the user under no type", { identifier: { user: "alice" } }],
  ["a text for an identifier", { identifier: "alice" }],
  ["null for an identifier", { identifier: null }],
  ["a list for an identifier", { identifier: [{ type: "m.id.user", user: "alice" }] }],
  ["an empty list for an identifier", { identifier: [] }],
  ["a number for an identifier", { identifier: 0 }],
  ["another localpart at the top", { user: "bob" }],
  ["null at the top", { user: null }],
  ["an empty text at the top", { user: "" }],
  ["an object at the top", { user: { user: "alice" } }],
  ["another at the top than in the identifier", { user: "bob", identifier: { type: "m.id.user", user: "alice" } }],
  ["another in the identifier than at the top", { user: "alice", identifier: { type: "m.id.user", user: "bob" } }],
  ["nonsense in the identifier beside the top", { user: "alice", identifier: "alice" }],
];

describe.each(EXPRESS_VERSIONS)("the identifier of a login under %s", (_, express) => {
  const mount = mounting(express);

  describe.each([undefined, "ignore", "match", "require"] as const)("with `identifier` %s", (rule) => {
    const rules = rule === undefined ? {} : { identifier: rule };
    const ignored = rule === undefined || rule === "ignore";

    test.each(SAME)("may be %s", async (_, more) => {
      expect((await loginWith(await mount(rules), token(), more)).status).toBe(200);
    });

    test.each(NONE)(`${rule === "require" ? "must not" : "may"} be %s`, async (_, more) => {
      const { status, body } = await loginWith(await mount(rules), token(), more);
      expect(status).toBe(rule === "require" ? 403 : 200);
      if (rule !== "require") return;
      const error = "JWT validation failed: the request must name the token's user (identifier)";
      expect(body).toEqual({ errcode: "M_FORBIDDEN", error });
    });

    test.each(OTHER)(`${ignored ? "may" : "must not"} be %s`, async (_, more) => {
      const { status, body } = await loginWith(await mount(rules), token(), more);
      expect(status).toBe(ignored ? 200 : 403);
      if (ignored) return;
      expect(body).toEqual({
        errcode: "M_FORBIDDEN",
        error: "JWT validation failed: token is not for the user that the request names",
      });
      expect(JSON.stringify(body)).not.toMatch(/alice|bob/i);
    });
  });

  test("is compared to what the subject became", async () => {
    const url = await mount({ identifier: "require", localpart: "lowercase" });
    expect((await loginWith(url, token({ sub: "ALICE" }), { user: "alice" })).status).toBe(200);
    expect((await loginWith(url, token({ sub: "ALICE" }), { user: "ALICE" })).status).toBe(403);
  });

  test.each([
    ["another's, 403", "bob", 403, "M_FORBIDDEN"],
    ["the same, 400", "a lice", 400, "M_INVALID_USERNAME"],
  ])("comes before the grammar of user IDs: %s", async (_, user, status, errcode) => {
    const answer = await loginWith(await mount({ identifier: "match" }), token({ sub: "a lice" }), { user });
    expect([answer.status, answer.body["errcode"]]).toEqual([status, errcode]);
  });
});
