import { describe, expect, jest, test } from "@jest/globals";
import { MatrixError, type VerifiedLogin } from "matrix-jwt-login";

import { recordingLogger } from "../helpers/core.js";
import { EXPRESS_VERSIONS } from "../helpers/hosts.js";
import { loginWith, type User } from "../helpers/login.js";
import { mounting } from "../helpers/mounted.js";
import { token } from "../helpers/tokens.js";

type FindUser = (userId: string, login: VerifiedLogin) => User | null | undefined;
type RegisterUser = (userId: string, login: VerifiedLogin) => User;

const CAROL = "@carol:example.org";
const inUse = () => new MatrixError("M_USER_IN_USE", "Taken", { statusCode: 400 });

describe.each(EXPRESS_VERSIONS)("an unknown user under %s", (_, express) => {
  const mount = mounting(express);

  describe.each([undefined, null])("whom findUser answers with %s", (nobody) => {
    const findUser: FindUser = () => nobody;

    test.each([{}, { allowRegistration: false }])("is 403 with %j, and not registered", async (loginType) => {
      const registerUser = jest.fn<RegisterUser>();
      const issueToken = jest.fn<() => { accessToken: string }>();
      const url = await mount(loginType, { findUser, registerUser, issueToken });

      const { status, body } = await loginWith(url, token({ sub: "carol" }));

      expect(status).toBe(403);
      expect(body).toEqual({ errcode: "M_FORBIDDEN", error: expect.any(String) });
      expect(registerUser).not.toHaveBeenCalled();
      expect(issueToken).not.toHaveBeenCalled();
    });

    test("is registered if that is allowed, and logs in as whom registerUser gave", async () => {
      const registerUser = jest.fn<RegisterUser>((id) => ({ id }));
      const issueToken = jest.fn((user: User) => ({ accessToken: `token of ${user.id}` }));
      const url = await mount(
        { allowRegistration: true, displayNameClaim: "name" },
        { findUser, registerUser, issueToken },
      );

      const { status, body } = await loginWith(url, token({ sub: "carol", name: "Carol" }));

      expect(status).toBe(200);
      expect(body).toMatchObject({ user_id: CAROL, access_token: `token of ${CAROL}` });
      expect(registerUser).toHaveBeenCalledTimes(1);
      expect(registerUser.mock.calls[0]?.[0]).toBe(CAROL);
      expect(registerUser.mock.calls[0]?.[1]).toMatchObject({
        userId: CAROL,
        localpart: "carol",
        displayName: "Carol",
      });
    });
  });

  test.each(["a", "0", "a.b_c=d-e/f+g", "0123456789", "-", "=", "_"])("may be called %s", async (sub) => {
    const url = await mount({ allowRegistration: true }, { registerUser: (id) => ({ id }) });
    expect((await loginWith(url, token({ sub }))).status).toBe(200);
  });

  test.each(["Carol", "c@rol", "c!", "c,d", "c|d", "c~", "c%", "c#", "(c)", "c\\d", 'c"d', "c*"])(
    "can't be called %s: 400, and is not registered",
    async (sub) => {
      const registerUser = jest.fn<RegisterUser>();
      const url = await mount({ allowRegistration: true }, { registerUser });
      const { status, body } = await loginWith(url, token({ sub }));
      expect(status).toBe(400);
      expect(body).toEqual({ errcode: "M_INVALID_USERNAME", error: expect.any(String) });
      expect(registerUser).not.toHaveBeenCalled();
    },
  );

  test("is 403 before the grammar if nobody may register", async () => {
    const { status, body } = await loginWith(await mount(), token({ sub: "Carol" }));
    expect([status, body["errcode"]]).toEqual([403, "M_FORBIDDEN"]);
  });

  test("is not looked for again if findUser knew", async () => {
    const registerUser = jest.fn<RegisterUser>();
    const findUser = jest.fn<FindUser>(() => ({ id: "carol" }));
    const url = await mount({ allowRegistration: true }, { findUser, registerUser });
    expect((await loginWith(url, token({ sub: "carol" }))).status).toBe(200);
    expect(registerUser).not.toHaveBeenCalled();
    expect(findUser).toHaveBeenCalledTimes(1);
  });

  describe("who logs in twice at once", () => {
    test.each<[string, () => unknown]>([
      ["a MatrixError", inUse],
      ["a plain object", () => ({ errcode: "M_USER_IN_USE" })],
      [
        "an error with a status of its own",
        () => Object.assign(new Error("dup"), { errcode: "M_USER_IN_USE", status: 500 }),
      ],
    ])("is one user with two tokens, where the second registration fails with %s", async (_, taken) => {
      const users = new Map<string, User>();
      let asked = 0;
      let bothAsked: () => void;
      const both = new Promise<void>((resolve) => {
        bothAsked = resolve;
      });
      const registerUser = jest.fn<RegisterUser>((id) => {
        if (users.has(id)) throw taken();
        users.set(id, { id });
        return { id };
      });
      let tokens = 0;
      const logger = recordingLogger();
      const url = await mount(
        { allowRegistration: true },
        {
          findUser: async (id) => {
            const user = users.get(id);
            asked += 1;
            if (asked === 2) bothAsked();
            await both;
            return user;
          },
          registerUser,
          issueToken: (user) => ({ accessToken: `${user.id} ${String((tokens += 1))}` }),
          logger,
        },
      );

      const answers = await Promise.all([1, 2].map(() => loginWith(url, token({ sub: "carol" }))));

      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      expect(answers.map(({ body }) => body["access_token"]).sort()).toEqual([`${CAROL} 1`, `${CAROL} 2`]);
      expect(registerUser).toHaveBeenCalledTimes(2);
      expect(users.size).toBe(1);
      expect(logger.lines).toEqual([]);
    });

    test.each<[string, () => unknown, number, object]>([
      ["a MatrixError", inUse, 400, { errcode: "M_USER_IN_USE", error: "Taken" }],
      ["an errcode", () => ({ errcode: "M_USER_IN_USE" }), 403, { errcode: "M_USER_IN_USE", error: "Login refused" }],
    ])("is refused with %s if the second look finds nobody", async (_, taken, status, body) => {
      const findUser = jest.fn<FindUser>(() => null);
      const issueToken = jest.fn<() => { accessToken: string }>();
      const url = await mount(
        { allowRegistration: true },
        {
          findUser,
          registerUser: () => {
            throw taken();
          },
          issueToken,
        },
      );
      const answer = await loginWith(url, token({ sub: "carol" }));
      expect(answer.status).toBe(status);
      expect(answer.body).toEqual(body);
      expect(findUser).toHaveBeenCalledTimes(2);
      expect(issueToken).not.toHaveBeenCalled();
    });

    test.each<[string, FindUser, number, string]>([
      [
        "throws",
        () => {
          throw new MatrixError("M_USER_DEACTIVATED");
        },
        403,
        "M_USER_DEACTIVATED",
      ],
      ["gives a list", () => [] as unknown as User, 500, "M_UNKNOWN"],
    ])("is what the second look says, if that %s", async (_, second, status, errcode) => {
      const findUser = jest.fn<FindUser>(second).mockReturnValueOnce(null);
      const url = await mount(
        { allowRegistration: true },
        {
          findUser,
          registerUser: () => {
            throw inUse();
          },
        },
      );
      const answer = await loginWith(url, token({ sub: "carol" }));
      expect([answer.status, answer.body["errcode"]]).toEqual([status, errcode]);
    });
  });

  test("is not looked for again if registration fails otherwise", async () => {
    const findUser = jest.fn<FindUser>(() => null);
    const url = await mount(
      { allowRegistration: true },
      {
        findUser,
        registerUser: () => {
          throw new MatrixError("M_EXCLUSIVE", "Reserved", { statusCode: 400 });
        },
      },
    );
    const { status, body } = await loginWith(url, token({ sub: "carol" }));
    expect(status).toBe(400);
    expect(body).toEqual({ errcode: "M_EXCLUSIVE", error: "Reserved" });
    expect(findUser).toHaveBeenCalledTimes(1);
  });
});
