import { describe, expect, jest, test } from "@jest/globals";
import fc from "fast-check";
import type { RejectEvent } from "matrix-jwt-login";

import { expectOptionsError } from "../helpers/bad-options.js";
import { core, rejection, submission } from "../helpers/core.js";

const LOCALPART = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  minLength: 1,
  maxLength: 60,
});
const localparts = LOCALPART.filter((localpart) => !localpart.includes(":"));
const serverNames = fc.constantFrom("example.org", "example.org:8448", "[2001:db8::1]:8448", "localhost");

test.each(["userId", "either"] as const)(
  "a user ID as the subject is the user's, whole (%s)",
  async (subjectFormat) => {
    await fc.assert(
      fc.asyncProperty(localparts, serverNames, async (localpart, serverName) => {
        const userId = `@${localpart}:${serverName}`;
        const { authenticate } = core({ subjectFormat }, { serverName, findUser: (id) => ({ id }) });
        expect(await authenticate(submission({ sub: userId }))).toMatchObject({ userId, localpart });
      }),
    );
  },
);

test("a localpart as the subject is the user's, as it is", async () => {
  await fc.assert(
    fc.asyncProperty(localparts, async (localpart) => {
      const { authenticate } = core({}, { findUser: (id) => ({ id }) });
      expect(await authenticate(submission({ sub: localpart }))).toMatchObject({
        userId: `@${localpart}:example.org`,
        localpart,
      });
    }),
  );
});

test("the user that an identity is linked to is the one of that ID, old or new", async () => {
  const externalIds = { find: () => "@Bob|1:example.org", link: () => true };
  const { authenticate } = core({}, { externalIds, findUser: (id) => ({ id }) });
  expect(await authenticate(submission({ iss: "https://id.example.org" }))).toMatchObject({
    userId: "@Bob|1:example.org",
    localpart: "Bob|1",
  });
});

describe("a subject that makes no user", () => {
  const forbidden = (why: string) => ({
    statusCode: 403,
    errcode: "M_FORBIDDEN",
    message: `JWT validation failed: ${why}`,
  });
  const invalid = (message: string) => ({ statusCode: 400, errcode: "M_INVALID_USERNAME", message });
  const NO_USER_ID = forbidden("token subject is not a user ID");
  const IMPOSSIBLE = invalid("The token's subject makes no valid user ID");
  const NO_ESCAPE = invalid("The token's subject cannot be made a user ID");

  test.each<[string, object, object]>([
    ["alice", { subjectFormat: "userId" }, NO_USER_ID],
    ["@alice", { subjectFormat: "userId" }, NO_USER_ID],
    ["@alice:", { subjectFormat: "userId" }, NO_USER_ID],
    ["@:example.org", { subjectFormat: "userId" }, NO_USER_ID],
    ["alice:example.org", { subjectFormat: "either" }, NO_USER_ID],
    ["@alice:evil.org", { subjectFormat: "either" }, forbidden("token subject is a user of another server")],
    ["@alice:example.org", {}, forbidden("token subject is not a localpart")],
    ["al ice", {}, IMPOSSIBLE],
    [" alice", {}, IMPOSSIBLE],
    ["alice\n", {}, IMPOSSIBLE],
    ["álice", {}, IMPOSSIBLE],
    ["a".repeat(244), {}, IMPOSSIBLE],
    ["A".repeat(127), { localpart: "escape" }, NO_ESCAPE],
  ])("is refused, and told why: %.20j", async (sub, rules, refused) => {
    const onReject = jest.fn<(event: RejectEvent) => void>();
    const { login } = core(rules, { findUser: (id) => ({ id }), onReject });
    expect(await rejection(login(submission({ sub })))).toMatchObject(refused);
    expect(onReject.mock.calls).toMatchObject([[{ reason: "user_id" }]]);
  });

  test.each(["Alice", "alicE", "~alice", "alice~", "al!ice"])("is not registered as %s", async (sub) => {
    const registerUser = jest.fn((id: string) => ({ id }));
    const { login } = core({ allowRegistration: true }, { registerUser });
    expect(await rejection(login(submission({ sub })))).toMatchObject(
      invalid("User names can only contain the characters a-z, 0-9 and ._=-/+"),
    );
    expect(registerUser).not.toHaveBeenCalled();
  });
});

test.each(["example.org", "EXAMPLE.org:8448", "localhost:1", "[::1]", "[2001:db8::1]:65535", "192.0.2.1"])(
  "%s is a server name",
  async (serverName) => {
    const { authenticate } = core({}, { serverName, findUser: (id) => ({ id }) });
    expect(await authenticate(submission())).toMatchObject({ userId: `@alice:${serverName}` });
  },
);

test.each([
  "https://example.org",
  " example.org",
  "example.org/",
  "example.org:",
  "example.org:port",
  "example.org:123456",
  "[xyz]",
  "[1]",
  "[::1",
  "exämple.org",
  "x".repeat(231),
])("%p is no server name", (serverName) => {
  expectOptionsError(() => core({}, { serverName }), "serverName", /server name/);
});
