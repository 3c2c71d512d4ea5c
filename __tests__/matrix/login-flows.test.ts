import { describe, expect, test } from "@jest/globals";
import { matrixJwtLogin } from "matrix-jwt-login";

import { EXPRESS_VERSIONS, serve } from "../helpers/hosts.js";
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
      { flows: [{ type: "m.login.sso", n: 1 }, OURS] },
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
  ])("stay as they are where the answer is %s", async (_, theirs) => {
    expect(await flowsBeside(theirs)).toEqual(theirs);
  });
});
