import { describe, expect, test } from "@jest/globals";
import { createFetchHandler } from "matrix-jwt-login";

import { optionsWith } from "../helpers/login.js";
import { APP, providerForTest, SECRET_FOR_SSO } from "./helpers/host.js";

const ORIGIN = "http://127.0.0.1:8008";
const REDIRECT = `${ORIGIN}/_matrix/client/v3/login/sso/redirect`;
const LOGOUT = `${ORIGIN}/logout`;

async function handler(more: object = {}) {
  const { issuer } = await providerForTest();
  const endSessions = (): never => {
    throw new Error("on purpose");
  };
  const sso = {
    publicBaseUrl: ORIGIN,
    secret: SECRET_FOR_SSO,
    identityProviders: { example: { name: "Example", issuer, clientId: "matrix" } },
    backchannelLogout: { path: "/logout", endSessions },
  };
  return createFetchHandler(optionsWith({}, { loginTypes: {}, logger: false, sso, bodyLimit: 10_000, ...more }));
}

describe("single sign-on through createFetchHandler", () => {
  test("sends the browser to the provider, with a cookie", async () => {
    const answer = await (await handler())(new Request(`${REDIRECT}/example?redirectUrl=${encodeURIComponent(APP)}`));
    expect(answer?.status).toBe(302);
    expect(answer?.headers.getSetCookie()).toHaveLength(1);
  });

  test("answers what is wrong with a request", async () => {
    const answer = await (await handler())(new Request(REDIRECT));
    expect([answer?.status, await answer?.json()]).toEqual([
      400,
      expect.objectContaining({ errcode: "M_MISSING_PARAM" }),
    ]);
  });

  test("leaves an unknown provider to the host", async () => {
    const next = () => new Response("the host's");
    const request = new Request(`${REDIRECT}/other?redirectUrl=${encodeURIComponent(APP)}`);
    expect(await (await (await handler())(request, { next }))?.text()).toBe("the host's");
  });

  test("refuses a logout without a token, and a form that is too long", async () => {
    const handle = await handler();
    const post = (body: string) => handle(new Request(LOGOUT, { method: "POST", body: new URLSearchParams(body) }));
    expect((await post("a=b"))?.status).toBe(400);
    expect((await post(`a=${"b".repeat(20_000)}`))?.status).toBe(413);
  });

  test("lists its flows, and leaves other login tokens to the host or refuses them", async () => {
    const login = `${ORIGIN}/_matrix/client/v3/login`;
    const body = JSON.stringify({ type: "m.login.token", token: "another's" });
    const flows = await (await handler())(new Request(login));
    expect(await flows?.json()).toMatchObject({ flows: [{ type: "m.login.sso" }, { type: "m.login.token" }] });
    expect(await (await handler())(new Request(login, { method: "POST", body }))).toBeUndefined();
    const refused = await (await handler({ unknownLoginType: "reject" }))(new Request(login, { method: "POST", body }));
    expect(refused?.status).toBe(403);
  });
});
