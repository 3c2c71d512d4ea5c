import { describe, expect, test } from "@jest/globals";
import { matrixJwtLogin } from "matrix-jwt-login";

import { expectOptionsError } from "../helpers/bad-options.js";
import { EXPRESS_VERSIONS, serve } from "../helpers/hosts.js";
import { SECRET } from "../helpers/keys.js";
import { LOGIN_PATH, LOGIN_TYPE, optionsWith } from "../helpers/login.js";

const OURS = { type: LOGIN_TYPE };

describe.each(EXPRESS_VERSIONS)("the host's flows under %s", (_, express) => {
  async function flowsBeside(theirs: unknown): Promise<unknown> {
    const app = express();
    app.use(matrixJwtLogin(optionsWith()));
    app.get(LOGIN_PATH, (_, res) => {
      res.json(theirs);
    });
    const { url, close } = await serve(app);
    try {
      return await (await fetch(url + LOGIN_PATH)).json();
    } finally {
      await close();
    }
  }

  test.each<[string, object, object]>([
    ["none", { flows: [] }, { flows: [OURS] }],
    ["others", { flows: [{ type: "m.login.password" }] }, { flows: [{ type: "m.login.password" }, OURS] }],
    ["ours", { flows: [OURS, { type: "m.login.sso" }] }, { flows: [OURS, { type: "m.login.sso" }] }],
    [
      "some with members of their own",
      { flows: [{ type: "m.login.sso", identity_providers: [{ id: "a" }] }], more: 1 },
      { flows: [{ type: "m.login.sso", identity_providers: [{ id: "a" }] }, OURS], more: 1 },
    ],
    [
      "one type twice",
      {
        flows: [
          { type: "m.login.sso", n: 1 },
          { type: "m.login.sso", n: 2 },
        ],
      },
      {
        flows: [{ type: "m.login.sso", n: 1 }, { type: "m.login.sso", n: 2 }, OURS],
      },
    ],
    ["what is no flow", { flows: [null, "m.login.x", {}, {}] }, { flows: [null, "m.login.x", {}, {}, OURS] }],
  ])("get ours added where they are %s", async (_, theirs, merged) => {
    expect(await flowsBeside(theirs)).toEqual(merged);
  });

  test.each<[string, unknown]>([
    ["null", null],
    ["a text", "flows"],
    ["a list", [{ type: "m.login.password" }]],
    ["an object without flows", { versions: [] }],
    ["an object whose flows are no list", { flows: { type: "m.login.password" } }],
  ])("stay as they are if the answer is %s", async (_, theirs) => {
    expect(await flowsBeside(theirs)).toEqual(theirs);
  });
});

describe("single sign-on of the host's own", () => {
  const OWN = { id: "own", name: "Own" };
  const OUR_PROVIDER = { id: "ours", name: "Ours" };

  async function flowsBeside(...theirs: readonly object[]): Promise<unknown> {
    const provider = { name: "Ours", issuer: "https://id.example.org", clientId: "matrix" };
    const sso = {
      publicBaseUrl: "http://127.0.0.1",
      secret: "a secret of at least thirty-two bytes",
      identityProviders: { ours: provider },
    };
    const login = matrixJwtLogin(optionsWith({}, { loginTypes: {}, sso }));
    const { url, close } = await serve((req, res) => {
      login(req, res, () => {
        res.setHeader("Content-Type", "application/json").end(JSON.stringify({ flows: theirs }));
      });
    });
    try {
      return await (await fetch(url + LOGIN_PATH)).json();
    } finally {
      await close();
    }
  }

  test("stands beside other flows, which get no providers", async () => {
    const theirs = [{ type: "m.login.password" }, { type: "m.login.sso", identity_providers: [OWN] }];
    expect(await flowsBeside(...theirs)).toEqual({
      flows: [theirs[0], { type: "m.login.sso", identity_providers: [OWN, OUR_PROVIDER] }, { type: "m.login.token" }],
    });
  });

  test.each<[string, object, readonly object[]]>([
    ["has other providers", { identity_providers: [OWN] }, [OWN, OUR_PROVIDER]],
    [
      "has a provider of the same ID",
      { identity_providers: [{ id: "ours", name: "Old" }] },
      [{ id: "ours", name: "Old" }],
    ],
    ["has no list of providers", {}, [OUR_PROVIDER]],
    ["has what is no provider", { identity_providers: [null, 7] }, [null, 7, OUR_PROVIDER] as object[]],
  ])("becomes one flow with the providers of both if it %s", async (_, members, providers) => {
    expect(await flowsBeside({ type: "m.login.sso", more: 1, ...members })).toEqual({
      flows: [{ type: "m.login.sso", more: 1, identity_providers: providers }, { type: "m.login.token" }],
    });
  });
});

test.each(["m.login.password", "m.login.token", "m.login.sso", "m.login.application_service", "m.login.cas"])(
  "%s is no name for a login type: the specification has other rules for it",
  (type) => {
    const options = optionsWith({}, { loginTypes: { [type]: { secret: SECRET } } });
    expectOptionsError(() => matrixJwtLogin(options), `loginTypes["${type}"]`, /login type of the specification/);
  },
);
