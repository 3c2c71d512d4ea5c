import type { IncomingMessage, ServerResponse } from "node:http";
import { json as jsonOf } from "node:stream/consumers";

import { describe, expect, test } from "@jest/globals";
import type { Express } from "express";
import type express5 from "express";

import { goodLogin, send } from "../helpers/http-client.js";
import { EXPRESS_VERSIONS } from "../helpers/hosts.js";
import { LOGIN_PATH, LOGIN_TYPE } from "../helpers/login.js";
import { middleware, serveForTest } from "../helpers/test-hosts.js";
import { answerTo, flowsOfHost, PASSWORD_FLOW, passwordLogin, servesEveryLogin } from "./helpers/whole-host.js";

/** A host as it may have been before it had express: it reads the stream itself. */
function legacy(req: IncomingMessage, res: ServerResponse): void {
  const reply = (status: number, body: object): void => {
    res.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
  };
  if (req.method === "GET") {
    reply(200, { flows: [PASSWORD_FLOW] });
    return;
  }
  jsonOf(req).then(
    (submission) => {
      const { status, body } = answerTo(submission);
      reply(status, body);
    },
    () => {
      reply(400, { errcode: "M_NOT_JSON", error: "The host's own words" });
    },
  );
}

type Build = (express: typeof express5, app: Express) => void;

const HOSTS: readonly (readonly [string, Build, string?])[] = [
  [
    "express.json() before the package",
    (express, app) => {
      app.use(express.json(), middleware());
      app.route(LOGIN_PATH).get(flowsOfHost).post(passwordLogin);
    },
  ],
  [
    "express.json() after the package",
    (express, app) => {
      app.use(middleware(), express.json());
      app.route(LOGIN_PATH).get(flowsOfHost).post(passwordLogin);
    },
  ],
  [
    "express.json() on its own login's route",
    (express, app) => {
      app.use(middleware());
      app.route(LOGIN_PATH).get(flowsOfHost).post(express.json(), passwordLogin);
    },
  ],
  [
    "the package on the login's route, behind express.json()",
    (express, app) => {
      app.use(express.json());
      app.all(LOGIN_PATH, middleware());
      app.route(LOGIN_PATH).get(flowsOfHost).post(passwordLogin);
    },
  ],
  [
    "no parser: its handler reads the stream",
    (_express, app) => {
      app.use(middleware());
      app.all(LOGIN_PATH, legacy);
    },
  ],
  [
    "a raw handler as the app's last",
    (_express, app) => {
      app.use(middleware(), legacy);
    },
  ],
  [
    "a router under the prefix of the API",
    (express, app) => {
      const router = express.Router();
      router.use(middleware(), express.json());
      router.route("/login").get(flowsOfHost).post(passwordLogin);
      app.use("/_matrix/client/v3", router);
    },
  ],
  [
    "a router under a prefix of its own, with the package on its login",
    (express, app) => {
      const router = express.Router();
      router.use("/login", middleware());
      router.route("/login").get(flowsOfHost).post(express.json(), passwordLogin);
      app.use("/tenants/:tenant/api", router);
    },
    "/tenants/7/api/login",
  ],
  [
    "an app within an app, under a prefix",
    (express, app) => {
      const inner = express();
      inner.use(express.json());
      inner.use(LOGIN_PATH, middleware());
      inner.route(LOGIN_PATH).get(flowsOfHost).post(passwordLogin);
      app.use("/matrix", inner);
    },
    `/matrix${LOGIN_PATH}`,
  ],
];

describe.each(EXPRESS_VERSIONS)("%s", (_, express) => {
  describe.each(HOSTS)("a host with %s", (_, build, ...[path = LOGIN_PATH]) => {
    const start = async (): Promise<string> => {
      const app = express();
      app.set("env", "test");
      build(express, app);
      return (await serveForTest(app)).url;
    };
    servesEveryLogin(start, { path });
  });

  describe("a raw handler behind the app, which goes on to it", () => {
    const start = async (): Promise<string> => {
      const app = express();
      app.use(middleware());
      return (
        await serveForTest((req, res) => {
          // Without `next`, Express would answer 404 by itself.
          (app as unknown as (...args: unknown[]) => void)(req, res, () => {
            legacy(req, res);
          });
        })
      ).url;
    };
    servesEveryLogin(start);

    test("reads all that is not a login by JWT", async () => {
      const url = await start();
      for (const path of [LOGIN_PATH, "/_matrix/client/v3/register"]) {
        const answer = await send(url, { path, body: ["{"] });
        expect(answer.json).toEqual({ errcode: "M_NOT_JSON", error: "The host's own words" });
      }
    });
  });

  test("a prefix that the package is not mounted on is not its own", async () => {
    const app = express();
    app.set("env", "test");
    app.use("/matrix", middleware());
    const { url } = await serveForTest(app);
    expect((await send(url, { path: `/matrix${LOGIN_PATH}`, body: goodLogin() })).status).toBe(200);
    expect((await send(url, { path: `/other${LOGIN_PATH}`, body: goodLogin() })).status).toBe(404);
  });

  test("two homeservers in one process, each under its prefix, know their own users only", async () => {
    const app = express();
    const other = { serverName: "example.net", findUser: () => undefined };
    app.use("/one/login", middleware());
    app.use("/two/login", middleware(other));
    const { url } = await serveForTest(app);
    expect((await send(url, { path: "/one/login", body: goodLogin() })).status).toBe(200);
    expect((await send(url, { path: "/two/login", body: goodLogin() })).status).toBe(403);
    const flows = await send(url, { path: "/two/login", method: "GET" });
    expect(flows.json).toEqual({ flows: [{ type: LOGIN_TYPE }] });
  });
});
