import { describe, expect, test } from "@jest/globals";
import { matrixJwtLogin } from "matrix-jwt-login";

import { EXPRESS_VERSIONS, serve } from "../helpers/hosts.js";
import { LOGIN_PATH, LOGIN_TYPE, optionsWith } from "../helpers/login.js";

const UNSET = { flows: undefined, unknownLoginType: undefined, bodyLimit: undefined, cors: undefined };
const FORBIDDEN_BYTES = '{"type":"org.matrix.login.jwt"}';

describe.each(EXPRESS_VERSIONS)("the middleware's HTTP options under %s", (_, express) => {
  describe.each<[string, object]>([
    ["not given", {}],
    ["undefined", UNSET],
  ])("%s", (_, values) => {
    test.each<[string, RequestInit, number, object]>([
      ["merge the host's flows", {}, 200, { flows: [{ type: "m.login.password" }, { type: LOGIN_TYPE }] }],
      ["hand on other login types", { method: "POST", body: '{"type":"m.login.password"}' }, 200, { by: "host" }],
      [
        "take a body of 64 KiB",
        { method: "POST", body: FORBIDDEN_BYTES.padEnd(65_536) },
        403,
        { errcode: "M_FORBIDDEN", error: expect.any(String) },
      ],
      [
        "leave a longer body to the host",
        { method: "POST", body: FORBIDDEN_BYTES.padEnd(65_537) },
        200,
        { by: "host" },
      ],
    ])("%s", async (_, init, status, body) => {
      const app = express();
      app.use(matrixJwtLogin(Object.assign(optionsWith(), values)));
      app.get(LOGIN_PATH, (_, res) => {
        res.json({ flows: [{ type: "m.login.password" }] });
      });
      app.post(LOGIN_PATH, (_, res) => {
        res.json({ by: "host" });
      });
      const { url, close } = await serve(app);
      try {
        const response = await fetch(url + LOGIN_PATH, init);
        expect(response.status).toBe(status);
        expect(await response.json()).toEqual(body);
        const isHosts = status === 200 && init.method === "POST";
        expect(response.headers.get("Access-Control-Allow-Origin")).toBe(isHosts ? null : "*");
      } finally {
        await close();
      }
    });
  });
});
