import { expect, test } from "@jest/globals";
import fc from "fast-check";

import { core, submission } from "../helpers/core.js";

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
