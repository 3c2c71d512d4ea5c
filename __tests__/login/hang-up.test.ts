import { describe, expect, jest, test } from "@jest/globals";
import { MatrixError, type JwtLogin, type LoginContext, type RejectEvent } from "matrix-jwt-login";
import { RateLimiterMemory } from "rate-limiter-flexible";

import { core, rejection, submission } from "../helpers/core.js";
import type { User } from "../helpers/login.js";

type Act = (login: JwtLogin, context: LoginContext) => Promise<unknown>;

describe.each<[string, Act]>([
  ["login", (login, context) => login.login(submission(), context)],
  ["authenticate", (login, context) => login.authenticate(submission(), context)],
  ["reauthenticate", (login, context) => login.reauthenticate(submission(), "@alice:example.org", context)],
])("%s of a client that has hung up", (_, act) => {
  const watched = (rateLimits = {}) => {
    const authorize = jest.fn(() => true);
    const findUser = jest.fn((): User => ({ id: "alice" }));
    const onReject = jest.fn<(event: RejectEvent) => void>();
    const login = core({ authorize }, { findUser, onReject, rateLimits });
    const calls = (): number => [authorize, findUser, onReject].flatMap(({ mock }) => mock.calls).length;
    return { login, calls };
  };

  test("before it begins verifies nothing and calls nothing", async () => {
    const { login, calls } = watched();
    const error = await rejection(act(login, { signal: AbortSignal.abort() }));
    expect(error).toBeInstanceOf(MatrixError);
    expect(error).toMatchObject({ statusCode: 499, errcode: "M_UNKNOWN" });
    expect(calls()).toBe(0);
  });

  test.each(["address", "failures"])("before it begins is counted by no limit: %s", async (name) => {
    const limiter = new RateLimiterMemory({ points: 1, duration: 60 });
    const consume = jest.spyOn(limiter, "consume");
    const { login, calls } = watched({ [name]: limiter });
    const error = await rejection(act(login, { signal: AbortSignal.abort() }));
    expect(error).toMatchObject({ statusCode: 499 });
    expect([calls(), consume.mock.calls]).toEqual([0, []]);
  });

  test.each(["address", "failures"])(
    "while it waits for the limit %s verifies nothing and calls nothing",
    async (name) => {
      const limiter = new RateLimiterMemory({ points: 10, duration: 60 });
      const client = new AbortController();
      const consume = limiter.consume.bind(limiter);
      limiter.consume = async (...args) => {
        const answer = await consume(...args);
        client.abort();
        return answer;
      };
      const { login, calls } = watched({ [name]: limiter });
      const error = await rejection(act(login, { ip: "192.0.2.1", signal: client.signal }));
      expect(error).toMatchObject({ statusCode: 499 });
      expect(calls()).toBe(0);
    },
  );

  test("is no matter once its token has been looked at", async () => {
    const client = new AbortController();
    const findUser = (): User => {
      client.abort();
      return { id: "alice" };
    };
    await expect(act(core({}, { findUser }), { signal: client.signal })).resolves.toBeDefined();
  });
});
