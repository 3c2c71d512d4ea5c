import { describe, expect, jest, test } from "@jest/globals";
import { createBearerAuth, MatrixError } from "matrix-jwt-login";

import { recordingLogger, rejection } from "../helpers/core.js";
import { SECRET } from "../helpers/keys.js";
import { accessToken, bearer } from "./helpers/guarded.js";

const ISSUER = "https://id.example.org";
const token = bearer(accessToken({ iss: ISSUER, sub: "248289761001" }));

type Find = (id: { readonly issuer: string; readonly subject: string }) => unknown;

const check = (find: Find, tokens: object = {}, logger: unknown = false) =>
  createBearerAuth({
    serverName: "example.org",
    tokens: { secret: SECRET, issuer: ISSUER, tokenType: "at+jwt", ...tokens },
    externalIds: { find: find as never },
    logger: logger as false,
  });

describe("externalIds.find", () => {
  test.each([
    ["at once", (userId: string) => userId],
    ["later", (userId: string) => Promise.resolve(userId)],
  ])("names the user %s, whatever the subject rules say", async (_, later) => {
    const find = jest.fn<Find>(() => later("@Bob:example.org"));
    const { authenticate } = check(find, { subjectFormat: "userId" });
    expect(await authenticate(token)).toMatchObject({ userId: "@Bob:example.org", localpart: "Bob" });
    expect(find.mock.calls).toEqual([[{ issuer: ISSUER, subject: "248289761001" }]]);
  });

  test.each([
    ["missing", "preferred_username"],
    ["not where it should be", ["realm", "name"]],
    ["none that a function finds", () => undefined],
  ])("names the user of a token whose own name is %s", async (_, subjectClaim) => {
    const { authenticate } = check(() => "@bob:example.org", { subjectClaim });
    expect(await authenticate(token)).toMatchObject({ userId: "@bob:example.org" });
  });

  test("is asked when a token is verified, and no more while it is known", async () => {
    const find = jest.fn<Find>(() => "@bob:example.org");
    const { authenticate } = check(find);
    await authenticate(token);
    await authenticate(token);
    expect(find).toHaveBeenCalledTimes(1);
  });

  test.each([[undefined], [null], [Promise.resolve(null)]])("that finds nothing (%p) is 401", async (found) => {
    expect(await rejection(check(() => found).authenticate(token))).toMatchObject({
      statusCode: 401,
      errcode: "M_UNKNOWN_TOKEN",
      fields: { soft_logout: false },
    });
  });

  test.each([["@bob:evil.org"], ["bob"], [5], [`@${"b".repeat(300)}:example.org`], ["@b ob:example.org"]])(
    "that gives %p is the host's fault",
    async (found) => {
      const logger = recordingLogger();
      expect(await rejection(check(() => found, {}, logger).authenticate(token))).toMatchObject({ statusCode: 500 });
      expect(logger.lines).toMatchObject([{ level: "error" }]);
    },
  );

  test("that throws is answered as other callbacks are, and is asked again", async () => {
    const find = jest.fn<Find>(() => "@bob:example.org");
    find.mockImplementationOnce(() => {
      throw new MatrixError("M_USER_LOCKED", "locked", { statusCode: 401 });
    });
    const { authenticate } = check(find);
    expect(await rejection(authenticate(token))).toMatchObject({ errcode: "M_USER_LOCKED" });
    expect(await authenticate(token)).toMatchObject({ localpart: "bob" });
  });

  test("is asked after authorize, and not if that refuses", async () => {
    const find = jest.fn<Find>(() => "@bob:example.org");
    const { authenticate } = check(find, { authorize: () => Promise.resolve(false) });
    expect(await rejection(authenticate(token))).toMatchObject({ errcode: "M_UNKNOWN_TOKEN" });
    expect(find).not.toHaveBeenCalled();
  });

  test.each([[{ iss: "" }], [{ iss: 5 }], [{ sub: 5, username: "bob" }], [{ sub: "", username: "bob" }]])(
    "is not asked about a token without issuer or subject: %p",
    async (claims) => {
      const find = jest.fn<Find>(() => "@bob:example.org");
      const { authenticate } = createBearerAuth({
        serverName: "example.org",
        tokens: {
          secret: SECRET,
          tokenType: "at+jwt",
          subjectClaim: ({ sub, username }) => (username ?? sub) as string,
        },
        externalIds: { find: find as never },
        logger: false,
      });
      const authorization = bearer(accessToken({ iss: ISSUER, ...claims }));
      expect(await rejection(authenticate(authorization))).toMatchObject({ errcode: "M_UNKNOWN_TOKEN" });
      expect(find).not.toHaveBeenCalled();
    },
  );
});
