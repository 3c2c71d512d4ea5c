import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { matrixJwtLogin } from "matrix-jwt-login";

import { EXPRESS_VERSIONS } from "../helpers/hosts.js";
import { serveJwks, type JwksServer } from "../helpers/jwks-server.js";
import { jwk, P256, SECRET } from "../helpers/keys.js";
import { LOGIN_PATH, optionsWith } from "../helpers/login.js";
import { serveForTest } from "../helpers/test-hosts.js";
import { token } from "../helpers/tokens.js";
import { flowsOfHost, LOGGED_IN, passwordLogin } from "../hosts/helpers/whole-host.js";
import { sdk } from "./helpers/sdk.js";

const ISSUER = "https://idp.example.org";
const WELL_KNOWN = { "m.homeserver": { base_url: "https://matrix.example.org" } };

/** What the SDK sends for each login type, and what it must get. */
const LOGINS = [
  ["org.matrix.login.jwt", { token: token() }],
  [
    "com.famedly.login.token",
    {
      token: token({ iss: ISSUER, aud: "matrix" }, { algorithm: "ES256", header: { kid: "1" } }),
      // As its users send it; it is compared where the login type's options say so.
      identifier: { type: "m.id.user", user: "alice" },
    },
  ],
] as const;

let jwks: JwksServer;
beforeAll(async () => {
  jwks = await serveJwks([jwk(P256, { kid: "1", use: "sig" })]);
});
afterAll(() => jwks.close());

describe.each(EXPRESS_VERSIONS)("matrix-js-sdk, and a host on %s", (_, express) => {
  const start = async (): Promise<string> => {
    const ours = matrixJwtLogin({
      ...optionsWith(),
      wellKnown: WELL_KNOWN,
      loginTypes: {
        "org.matrix.login.jwt": { secret: SECRET, algorithms: ["HS256"] },
        "com.famedly.login.token": { jwksUri: jwks.url, issuer: ISSUER, audience: "matrix", identifier: "require" },
      },
    });
    const app = express();
    app.use(ours, express.json());
    app.route(LOGIN_PATH).get(flowsOfHost).post(passwordLogin);
    return (await serveForTest(app)).url;
  };

  test("loginFlows: the host's and ours", async () => {
    const { client } = sdk(await start());
    expect(await client.loginFlows()).toEqual({
      flows: [{ type: "m.login.password" }, { type: "org.matrix.login.jwt" }, { type: "com.famedly.login.token" }],
    });
  });

  describe.each(LOGINS)("loginRequest of %s", (type, fields) => {
    test("logs in on the device that it names", async () => {
      const { client, authorizations } = sdk(await start());
      const answer = await client.loginRequest({
        type,
        ...fields,
        device_id: "PHONE",
        initial_device_display_name: "A phone",
      });
      expect(answer).toEqual({
        user_id: "@alice:example.org",
        access_token: "an access token",
        device_id: "PHONE",
        home_server: "example.org",
        well_known: WELL_KNOWN,
      });
      expect(authorizations).toEqual([null]);
    });

    test("logs in on a new device, whatever old access token the client has", async () => {
      const tokenRefreshFunction = jest.fn<() => never>();
      const old = { accessToken: "of_long_ago", refreshToken: "of_long_ago", tokenRefreshFunction };
      const { client, authorizations, sessionsLost } = sdk(await start(), old);
      const answer = await client.loginRequest({ type, ...fields });
      expect(answer).toMatchObject({ user_id: "@alice:example.org", device_id: expect.stringMatching(/^[A-Z]{10}$/) });
      expect(authorizations).toEqual(["Bearer of_long_ago"]);
      expect(sessionsLost()).toBe(0);
      expect(tokenRefreshFunction).not.toHaveBeenCalled();
    });
  });

  test.each([
    ["with an old access token", { accessToken: "of_long_ago" }],
    ["without", {}],
  ])("loginRequest by password is the host's: %s", async (_, options) => {
    const { client } = sdk(await start(), options);
    const login = { type: "m.login.password", identifier: { type: "m.id.user", user: "alice" } };
    expect(await client.loginRequest({ ...login, password: "open sesame" })).toEqual(LOGGED_IN);
    await expect(client.loginRequest({ ...login, password: "x" })).rejects.toMatchObject({
      errcode: "M_FORBIDDEN",
      httpStatus: 403,
      data: { error: "Wrong password" },
    });
  });
});
