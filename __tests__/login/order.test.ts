import { describe, expect, test } from "@jest/globals";
import { MatrixError } from "matrix-jwt-login";

import { EXPRESS_VERSIONS } from "../helpers/hosts.js";
import { loginWith, type User } from "../helpers/login.js";
import { mounting } from "../helpers/mounted.js";
import { token } from "../helpers/tokens.js";

interface Step {
  readonly when: string;
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly key?: "forged";
  readonly more?: object;
  readonly refuses?: string;
  readonly status: number;
  readonly errcode?: string;
  readonly called: readonly string[];
}

const ALICE = { identifier: { type: "m.id.user", user: "alice" } };
const BOB = { identifier: { type: "m.id.user", user: "bob" } };
const CAROL = { identifier: { type: "m.id.user", user: "carol" } };

const STEPS: readonly Step[] = [
  {
    when: "a field is wrong, and the token too",
    key: "forged",
    more: { device_id: 1 },
    status: 400,
    errcode: "M_INVALID_PARAM",
    called: [],
  },
  { when: "the token is forged, and the identifier is another's", key: "forged", more: BOB, status: 403, called: [] },
  {
    when: "the subject is another server's, and the identifier is another's",
    claims: { sub: "@alice:example.com" },
    more: BOB,
    status: 403,
    called: [],
  },
  {
    when: "the identifier is another's, and the user ID is impossible",
    claims: { sub: "a lice" },
    more: BOB,
    status: 403,
    called: [],
  },
  {
    when: "the user ID is impossible, and authorize would say no",
    claims: { sub: "a lice" },
    more: { user: "a lice" },
    refuses: "authorize",
    status: 400,
    errcode: "M_INVALID_USERNAME",
    called: [],
  },
  { when: "authorize says no", more: ALICE, refuses: "authorize", status: 403, called: ["authorize"] },
  {
    when: "findUser refuses",
    more: ALICE,
    refuses: "findUser",
    status: 403,
    errcode: "M_REFUSED_findUser",
    called: ["authorize", "findUser"],
  },
  {
    when: "a new user's localpart is outside the grammar",
    claims: { sub: "CAROL" },
    more: { user: "CAROL" },
    status: 400,
    errcode: "M_INVALID_USERNAME",
    called: ["authorize", "findUser"],
  },
  {
    when: "registerUser refuses",
    claims: { sub: "carol" },
    more: CAROL,
    refuses: "registerUser",
    status: 403,
    errcode: "M_REFUSED_registerUser",
    called: ["authorize", "findUser", "registerUser"],
  },
  {
    when: "issueToken refuses",
    more: ALICE,
    refuses: "issueToken",
    status: 403,
    errcode: "M_REFUSED_issueToken",
    called: ["authorize", "findUser", "issueToken"],
  },
  { when: "a known user logs in", more: ALICE, status: 200, called: ["authorize", "findUser", "issueToken"] },
  {
    when: "a new user logs in",
    claims: { sub: "carol" },
    more: CAROL,
    status: 200,
    called: ["authorize", "findUser", "registerUser", "issueToken"],
  },
];

describe.each(EXPRESS_VERSIONS)("the steps of a login under %s, each only after the ones before it", (_, express) => {
  const mount = mounting(express);

  test.each(STEPS)("$when", async ({ claims, key, more, refuses, status, errcode, called }) => {
    const calls: string[] = [];
    const step = (name: string): void => {
      calls.push(name);
      if (name === refuses) throw new MatrixError(`M_REFUSED_${name}`);
    };
    const url = await mount(
      {
        subjectFormat: "either",
        identifier: "require",
        allowRegistration: true,
        authorize: () => {
          calls.push("authorize");
          return refuses !== "authorize";
        },
      },
      {
        findUser: (userId): User | undefined => {
          step("findUser");
          return userId === "@alice:example.org" ? { id: "alice" } : undefined;
        },
        registerUser: (userId) => {
          step("registerUser");
          return { id: userId };
        },
        issueToken: () => {
          step("issueToken");
          return { accessToken: "an access token" };
        },
      },
    );
    const honest = token(claims);
    const answer = await loginWith(url, key === "forged" ? honest.replace(/[^.]{20}$/, "A".repeat(20)) : honest, more);

    expect(answer.status).toBe(status);
    if (status !== 200) expect(answer.body["errcode"]).toBe(errcode ?? "M_FORBIDDEN");
    expect(calls).toEqual(called);
  });
});
