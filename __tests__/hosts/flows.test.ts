import { createReadStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setImmediate as nextTurn } from "node:timers/promises";
import { gzipSync } from "node:zlib";

import { afterAll, describe, expect, test } from "@jest/globals";
import type { Express, RequestHandler } from "express";
import type express5 from "express";

import { send } from "../helpers/http-client.js";
import { EXPRESS_VERSIONS } from "../helpers/hosts.js";
import { LOGIN_PATH, LOGIN_TYPE } from "../helpers/login.js";
import { middleware, serveForTest } from "../helpers/test-hosts.js";
import { flowsOfHost, PASSWORD_FLOW, passwordLogin, servesEveryLogin } from "./helpers/whole-host.js";

const OURS = { type: LOGIN_TYPE };
const TEXT = JSON.stringify({ flows: [PASSWORD_FLOW] });

const directory = mkdtempSync(join(tmpdir(), "host-"));
const file = join(directory, LOGIN_PATH);
mkdirSync(join(file, ".."), { recursive: true });
writeFileSync(file, TEXT);
afterAll(() => {
  rmSync(directory, { recursive: true });
});

async function* pieces(): AsyncGenerator<string> {
  for (const character of TEXT) {
    await nextTurn();
    yield character;
  }
}

type Build = (app: Express, express: typeof express5) => void;

const get =
  (handler: RequestHandler): Build =>
  (app) => {
    app.get(LOGIN_PATH, handler);
  };

const nothing: Build = () => undefined;

/** How a host answers `GET`, and whether it tells a client that asks so that nothing has changed. */
const CONDITIONAL: readonly (readonly [string, Build])[] = [
  ["gives it the ETag that Express does", get(flowsOfHost)],
  [
    "gives it a strong ETag",
    (app) => {
      app.set("etag", "strong");
      app.get(LOGIN_PATH, flowsOfHost);
    },
  ],
  [
    "compares an ETag of its own",
    get((req, res) => {
      res.set({ ETag: '"flows-1"', "Cache-Control": "no-cache" });
      if (req.get("If-None-Match") === '"flows-1"') res.status(304).end();
      else res.json({ flows: [PASSWORD_FLOW] });
    }),
  ],
  [
    "serves it from a file",
    (app, express) => {
      app.use(express.static(directory));
    },
  ],
];
const OTHERS: readonly (readonly [string, Build])[] = [
  [
    "streams it, a character at a time",
    get((_req, res, next) => {
      res.type("json");
      pipeline(Readable.from(pieces()), res).catch(next);
    }),
  ],
  [
    "streams a file",
    get((_req, res, next) => {
      pipeline(createReadStream(file), res).catch(next);
    }),
  ],
  [
    "keeps it compressed for whoever takes that",
    get((req, res) => {
      res.type("json").vary("Accept-Encoding");
      if (req.acceptsEncodings("gzip", "identity") === "gzip") res.set("Content-Encoding", "gzip").end(gzipSync(TEXT));
      else res.end(TEXT);
    }),
  ],
];
const WITHOUT_GET: readonly (readonly [string, Build])[] = [
  ["has no GET", nothing],
  [
    "answers 405 in Matrix's JSON",
    get((_req, res) => {
      res.status(405).json({ errcode: "M_UNRECOGNIZED", error: "Method not allowed" });
    }),
  ],
  [
    "answers 404 for all that it doesn't know, in Matrix's JSON",
    (app) => {
      app.use((req, res, next) => {
        if (req.method === "POST") next();
        else res.status(404).json({ errcode: "M_UNRECOGNIZED", error: "Unrecognized request" });
      });
    },
  ],
];

describe.each(EXPRESS_VERSIONS)("%s", (_, express) => {
  const start = async (build: Build, before: Build = nothing): Promise<string> => {
    const app = express();
    app.set("env", "test");
    before(app, express);
    build(app, express);
    app.get("/other", flowsOfHost);
    app.post(LOGIN_PATH, express.json(), passwordLogin);
    return (await serveForTest(app)).url;
  };
  const withUs: Build = (app) => {
    app.use(middleware());
  };

  describe.each([...CONDITIONAL, ...OTHERS])("a host that %s", (_, build) => {
    servesEveryLogin(() => start(build, withUs));
  });

  describe.each(WITHOUT_GET)("a host that %s", (_, build) => {
    servesEveryLogin(() => start(build, withUs), { flows: [OURS] });
  });

  test.each(CONDITIONAL)(
    "what a client kept from before the package came is not confirmed: a host that %s",
    async (_, build) => {
      const [before, after] = [await start(build), await start(build, withUs)];
      const kept = await send(before, { method: "GET" });
      const { etag, "last-modified": modified } = kept.headers;
      const headers = {
        ...(etag !== undefined && { "If-None-Match": etag }),
        ...(modified !== undefined && { "If-Modified-Since": modified }),
      };
      expect((await send(before, { method: "GET", headers })).status).toBe(304);
      const answer = await send(after, { method: "GET", headers });
      expect(answer).toMatchObject({ status: 200, json: { flows: [PASSWORD_FLOW, OURS] } });
      expect(answer.headers).not.toHaveProperty("etag");
      expect(answer.headers).not.toHaveProperty("last-modified");
    },
  );

  test("what the host answers elsewhere is confirmed as ever", async () => {
    const url = await start(get(flowsOfHost), withUs);
    const { headers } = await send(url, { method: "GET", path: "/other" });
    const again = { method: "GET", path: "/other", headers: { "If-None-Match": headers.etag } };
    expect((await send(url, again)).status).toBe(304);
  });
});
