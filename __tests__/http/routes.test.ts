import { connect } from "node:net";
import { text } from "node:stream/consumers";

import { describe, expect, test } from "@jest/globals";
import express5, { type Express, type RequestHandler } from "express";

import { goodLogin, send } from "../helpers/http-client.js";
import { EXPRESS_VERSIONS } from "../helpers/hosts.js";
import { middleware, serveForTest } from "../helpers/test-hosts.js";

const VERSIONS = ["api/v1", "r0", "v3", "unstable"].map((version) => `/_matrix/client/${version}/login`);
const V3 = "/_matrix/client/v3/login";

type Mount = (app: Express, mw: RequestHandler) => void;

/** Each way of mounting, and which of the specification's paths it is in the way of. */
const MOUNTS: readonly (readonly [string, Mount, readonly string[]])[] = [
  ["app.use(mw)", (app, mw) => app.use(mw), VERSIONS],
  ['app.use("/", mw)', (app, mw) => app.use("/", mw), VERSIONS],
  ['app.use("/_matrix", mw)', (app, mw) => app.use("/_matrix", mw), VERSIONS],
  ['app.use("/_matrix/client", mw)', (app, mw) => app.use("/_matrix/client", mw), VERSIONS],
  ['app.use("/_matrix/client/v3", mw)', (app, mw) => app.use("/_matrix/client/v3", mw), [V3]],
  ['app.use("/_matrix/client/:version", mw)', (app, mw) => app.use("/_matrix/client/:version", mw), VERSIONS],
  ["app.use(each path, mw)", (app, mw) => VERSIONS.map((path) => app.use(path, mw)), VERSIONS],
  ["app.use(list of paths, mw)", (app, mw) => app.use(VERSIONS, mw), VERSIONS],
  ["app.all(path, mw)", (app, mw) => app.all(V3, mw), [V3]],
  ["app.all(list of paths, mw)", (app, mw) => app.all(VERSIONS, mw), VERSIONS],
  ["app.post(path, mw)", (app, mw) => app.post(V3, mw), [V3]],
  ["app.route(path).all(mw)", (app, mw) => app.route(V3).all(mw), [V3]],
];

describe.each(EXPRESS_VERSIONS)("%s", (_, express) => {
  const hostWith = async (mount: Mount, mw = middleware()): Promise<string> => {
    const app = express();
    mount(app, mw);
    app.use((req, res) => {
      res.status(299).send(`host: ${req.method} ${req.originalUrl} ${req.url}`);
    });
    return (await serveForTest(app)).url;
  };
  const statusOf = async (url: string, path: string): Promise<number> =>
    (await send(url, { path, body: goodLogin() })).status;

  describe.each(MOUNTS)("mounted by %s", (_, mount, answered) => {
    test.each(VERSIONS)("%s", async (path) => {
      const url = await hostWith(mount);
      expect(await statusOf(url, path)).toBe(answered.includes(path) ? 200 : 299);
    });
  });

  describe("mounted by a wildcard, what ends in /login is not all its own", () => {
    const wildcards = express === express5 ? ["/*splat", "/:one/:two", "/{*splat}"] : ["*", "/*", "/:one/:two"];
    test.each(wildcards)("%s", async (wildcard) => {
      const url = await hostWith((app, mw) => app.use(wildcard, mw));
      expect(await statusOf(url, "/admin/login")).toBe(299);
      expect((await send(url, { method: "GET", path: "/admin/login" })).text).toContain("host:");
      if (wildcard !== "/:one/:two") expect(await statusOf(url, V3)).toBe(200);
    });

    const inner = (mw: RequestHandler) => express.Router({ mergeParams: true }).use("/login", mw);
    test.each<readonly [string, Mount, readonly string[]]>([
      [
        "a parameter",
        (app, mw) => app.use("/:realm/login", mw),
        ["/x/login", "/login/login", "/x%2Flogin/login", "/%ff/login"],
      ],
      [
        "a parameter's router",
        (app, mw) => app.use("/realms/:realm", inner(mw)),
        ["/realms/x/login", "/realms/login/login"],
      ],
      ["a pattern", (app, mw) => app.use(/^\/auth\/(login|signin)/, mw), ["/auth/login"]],
    ])("though %s before it may stand for anything", async (_, mount, paths) => {
      const url = await hostWith(mount);
      for (const path of paths)
        expect([path, await statusOf(url, path)]).toEqual([path, path.includes("%ff") ? 400 : 200]);
    });
  });

  describe("mounted in routers", () => {
    test.each<readonly [string, Mount]>([
      [
        "a router's use",
        (app, mw) => {
          const router = express.Router();
          router.use(mw);
          app.use("/_matrix", router);
        },
      ],
      [
        "a router's route in a router",
        (app, mw) => {
          const outer = express.Router();
          const inner = express.Router();
          inner.all("/login", mw);
          outer.use("/v3", inner);
          app.use("/_matrix/client", outer);
        },
      ],
      [
        "an app in an app",
        (app, mw) => {
          const inner = express();
          inner.use("/client", mw);
          app.use("/_matrix", inner);
        },
      ],
    ])("%s", async (_, mount) => {
      expect(await statusOf(await hostWith(mount), V3)).toBe(200);
    });
  });

  describe("what is not the login endpoint goes on untouched", () => {
    const OTHERS = [
      "/_matrix/client/v3/login/",
      "/_matrix/client/v3/login//",
      "/_matrix/client/v3/login/get_token",
      "/_matrix/client/v3/login/sso/redirect",
      "/_matrix/client/v3/login/sso/redirect/login",
      "/_matrix/client/v3/logins",
      "/_matrix/client/v3/logout",
      "/_matrix/client/v3/LOGIN",
      "/_matrix/client/V3/login",
      "/_Matrix/client/v3/login",
      "//_matrix/client/v3/login",
      "/_matrix//client/v3/login",
      "/_matrix/client/v3//login",
      "/_matrix/client/v3/%6Cogin",
      "/_matrix/client/v3/log%69n",
      "/_matrix/client/v3/login%2F",
      "/_matrix/client/v3/login%3F",
      "/_matrix/client/v3/login;a=b",
      "/_matrix/client/v1/login",
      "/_matrix/client/v2/login",
      "/_matrix/client/r1/login",
      "/_matrix/client/api/v2/login",
      "/_matrix/client/login",
      "/_matrix/client/v3/../v3/login",
      "/prefix/_matrix/client/v3/login",
      "/login",
      "/",
      "/?/_matrix/client/v3/login",
      "/elsewhere?path=/_matrix/client/v3/login",
    ];
    test.each(OTHERS)("%s", async (path) => {
      const url = await hostWith((app, mw) => app.use(mw));
      const { status, text, headers } = await send(url, { path, body: goodLogin() });
      expect({ status, text }).toEqual({ status: 299, text: `host: POST ${path} ${path}` });
      expect(headers["access-control-allow-origin"]).toBeUndefined();
    });

    test.each(["/_matrix/client/v3/login/", "/_matrix/client/v3/login/get_token", "/_matrix/client/v3/LOGIN"])(
      "%s, which a mount on the path itself catches as well",
      async (path) => {
        const url = await hostWith((app, mw) => app.use(V3, mw));
        expect(await statusOf(url, path)).toBe(299);
      },
    );
  });

  test.each(["?", "?a=b", "?/login", "?a=/_matrix&b=%00", "??"])(
    "the query %s is no part of the path",
    async (query) => {
      const url = await hostWith((app, mw) => app.use("/_matrix", mw));
      expect(await statusOf(url, V3 + query)).toBe(200);
    },
  );

  describe("a target in absolute form (RFC 9112 section 3.2.2)", () => {
    test.each([
      ["http://example.org/_matrix/client/v3/login", 200],
      ["http://example.org:8008/_matrix/client/v3/login?a=b", 200],
      ["HTTPS://example.org/_matrix/client/v3/login", 200],
      ["http://example.org/_matrix/client/v3/login/get_token", 299],
      ["http://example.org/", 299],
      ["http://example.org", 299],
      ["http://example.org?/_matrix/client/v3/login", 299],
      ["http://example.org//_matrix/client/v3/login", 299],
    ])("%s: %i", async (path, status) => {
      const url = await hostWith((app, mw) => app.use(mw));
      expect(await statusOf(url, path)).toBe(status);
    });

    test("under a mount", async () => {
      const url = await hostWith((app, mw) => app.use("/custom/login", mw));
      expect(await statusOf(url, "http://example.org/custom/login?a=b")).toBe(200);
    });
  });

  test("a target with a fragment, which no client may send, counts without it", async () => {
    const { port, hostname } = new URL(await hostWith((app, mw) => app.use(mw)));
    const socket = connect(Number(port), hostname);
    socket.write(`OPTIONS ${V3}#/get_token HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n`);
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 204 /);
  });

  test("OPTIONS * is nobody's login", async () => {
    const url = await hostWith((app, mw) => app.use(mw));
    const { headers } = await send(url, { method: "OPTIONS", path: "*" });
    expect(headers["access-control-allow-origin"]).toBeUndefined();
  });

  describe("a path of the host's own that ends in /login", () => {
    const ON_CUSTOM: readonly (readonly [string, Mount])[] = [
      ['app.use("/custom/login", mw)', (app, mw) => app.use("/custom/login", mw)],
      ['app.use("/custom/login/", mw)', (app, mw) => app.use("/custom/login/", mw)],
      ['app.use("/:tenant/login", mw)', (app, mw) => app.use("/:tenant/login", mw)],
      [
        "a router's use in a router",
        (app, mw) => {
          const router = express.Router();
          router.use("/login", mw);
          app.use("/custom", router);
        },
      ],
      [
        "a router mounted there",
        (app, mw) => {
          const router = express.Router();
          router.use(mw);
          app.use("/custom/login", router);
        },
      ],
      [
        "an app mounted there",
        (app, mw) => {
          const inner = express();
          inner.use(mw);
          app.use("/custom/login", inner);
        },
      ],
    ];

    describe.each(ON_CUSTOM)("%s", (_, mount) => {
      test.each([
        ["/custom/login", 200],
        ["/custom/login?a=b", 200],
        ["/custom/login/", 299],
        ["/custom/login/?a=b", 299],
        ["/custom/login/get_token", 299],
        ["/custom/login/login", 299],
        ["/custom/LOGIN", 299],
        ["/custom/logins", 299],
        ["/custom//login", 299],
        ["/custom", 299],
      ])("%s: %i", async (path, status) => {
        expect(await statusOf(await hostWith(mount), path)).toBe(status);
      });
    });

    test("answers every method there as it does on the specification's paths", async () => {
      const url = await hostWith((app, mw) => app.use("/custom/login", mw), middleware({ flows: "replace" }));
      const path = "/custom/login";
      expect((await send(url, { path, method: "GET" })).json).toEqual({ flows: [{ type: "org.matrix.login.jwt" }] });
      expect((await send(url, { path, method: "OPTIONS" })).status).toBe(204);
      expect((await send(url, { path, method: "DELETE" })).status).toBe(299);
    });

    test.each<readonly [string, Mount]>([
      ['app.all("/custom/login", mw)', (app, mw) => app.all("/custom/login", mw)],
      ['app.post("/custom/login", mw)', (app, mw) => app.post("/custom/login", mw)],
      ['app.use("/custom", mw)', (app, mw) => app.use("/custom", mw)],
      ["app.use(mw)", (app, mw) => app.use(mw)],
    ])("is not answered by %s, which can't tell whose it is", async (_, mount) => {
      expect(await statusOf(await hostWith(mount), "/custom/login")).toBe(299);
    });

    test.each(["/custom/sign-in", "/custom/xlogin", "/custom/Login"])("is not %s", async (path) => {
      expect(await statusOf(await hostWith((app, mw) => app.use(path, mw)), path)).toBe(299);
    });
  });
});
