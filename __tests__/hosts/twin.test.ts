import {
  createServer as createHttp2Server,
  connect as connectHttp2,
  type ClientHttp2Session,
  type Http2Server,
} from "node:http2";
import type { IncomingMessage, ServerResponse } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { buffer, text } from "node:stream/consumers";

import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { ErrorRequestHandler, RequestHandler } from "express";
import { matrixJwtLogin, type NodeRequest, type NodeResponse } from "matrix-jwt-login";

import { EXPRESS_VERSIONS, serve, type RunningServer } from "../helpers/hosts.js";
import { optionsWith } from "../helpers/login.js";
import { OTHERS, POSTS, wireOf, type NotOurs } from "./helpers/not-ours.js";

type Handler = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void;
type Build = (mw: Handler | undefined) => Handler;

/** Says all that it sees of a request. */
function echo(req: NodeRequest, res: NodeResponse, body: unknown): void {
  const { method, url, headers } = req;
  const { host, connection, "transfer-encoding": coding, ...rest } = headers;
  res.setHeader("Content-Type", "application/json");
  res.statusCode = 222;
  (res as ServerResponse).end(JSON.stringify({ method, url, headers: rest, chunked: coding, host, connection, body }));
}

/** A host that reads the stream itself. */
function readRaw(req: NodeRequest, res: NodeResponse): void {
  buffer(req as IncomingMessage).then(
    (body) => {
      echo(req, res, { length: body.length, start: body.toString("latin1", 0, 200), trailers: req.trailers });
    },
    () => (res as ServerResponse).destroy(),
  );
}

const later: RequestHandler = (_req, _res, next) => {
  setImmediate(next);
};

const EXPRESS_HOSTS = EXPRESS_VERSIONS.flatMap(([version, express]) => {
  const app =
    (...handlers: readonly (readonly RequestHandler[] | "middleware")[]): Build =>
    (mw) => {
      const app = express();
      app.set("env", "production");
      for (const some of handlers) {
        if (some !== "middleware") app.use(...some);
        else if (mw !== undefined) app.use(mw as RequestHandler);
      }
      const onError: ErrorRequestHandler = (error: { status?: number; type?: unknown }, _req, res, next) => {
        if (res.headersSent) next(error);
        else res.status(error.status ?? 500).send(String(error.type));
      };
      app.use(onError);
      return app;
    };
  const parsed: RequestHandler = (req, res) => {
    echo(req, res, { body: (req.body ?? null) as unknown, raw: watchedOf(req) });
  };
  const watchedOf = (req: object): unknown => {
    const { rawText = "" } = req as { rawText?: string };
    return { length: rawText.length, start: rawText.slice(0, 200) };
  };
  const collect: RequestHandler = (req, _res, next) => {
    const watched = req as { rawText?: string };
    watched.rawText = "";
    req.on("data", (chunk: Buffer) => (watched.rawText = String(watched.rawText) + chunk.toString("latin1")));
    next();
  };
  const afterReadable: RequestHandler = (req, _res, next) => {
    if (req.headers["transfer-encoding"] === undefined && !(Number(req.headers["content-length"]) > 0)) next();
    else
      req.once("readable", () => {
        next();
      });
  };
  const raw: RequestHandler = (req, res) => {
    readRaw(req, res);
  };
  return [
    [`${version} with express.json() after us`, app("middleware", [express.json({ limit: "1mb" })], [parsed])],
    [`${version} with express.json() later`, app([later], "middleware", [later], [express.json()], [parsed])],
    [`${version} with a raw reader`, app("middleware", [raw])],
    [`${version} with a raw reader, later`, app([later], "middleware", [later], [raw])],
    [`${version} with data listeners before us`, app([collect], "middleware", [express.json()], [parsed])],
    [`${version} that waits for readable before us`, app([afterReadable], "middleware", [raw])],
    [
      `${version} that waits for readable before us, and has express.json() after`,
      app([afterReadable], "middleware", [express.json()], [parsed]),
    ],
    [
      `${version} with urlencoded() and express.text() after us`,
      app("middleware", [express.urlencoded({ extended: true }), express.text({ type: "*/*" })], [parsed]),
    ],
  ] as const;
});

const nodeHost: Build = (mw) => (req, res) => {
  if (mw === undefined) readRaw(req, res);
  else
    mw(req, res, () => {
      readRaw(req, res);
    });
};

const ours = (): Handler => matrixJwtLogin(optionsWith());

describe.each<readonly [string, Build]>([...EXPRESS_HOSTS, ["node:http", nodeHost]])("%s answers", (_, build) => {
  let alone: RunningServer;
  let behind: RunningServer;
  beforeAll(async () => {
    [alone, behind] = await Promise.all([serve(build(undefined) as never), serve(build(ours()) as never)]);
  });
  afterAll(async () => {
    await Promise.all([alone.close(), behind.close()]);
  });
  const same = async (bytes: Buffer): Promise<void> => {
    const [expected, answer] = await Promise.all([exchange(alone.url, bytes), exchange(behind.url, bytes)]);
    expect(expected).toMatch(/^HTTP\/1\.1 \d{3}/);
    expect(answer).toBe(expected);
  };
  const cases = [...POSTS, ...OTHERS].flatMap((request): (readonly [string, Buffer])[] => {
    const close = "Connection: close\r\n";
    const plain = [request.name, wireOf(request, false, close)] as const;
    return request.body === undefined ? [plain] : [plain, [`${request.name}, chunked`, wireOf(request, true, close)]];
  });

  test.each(cases)("as if the middleware were not there: %s", async (_, bytes) => {
    await same(bytes);
  });

  test("pipelined requests in their order", async () => {
    const [first, second, third] = [POSTS[0], POSTS[4], OTHERS[0]] as readonly NotOurs[] as [NotOurs, NotOurs, NotOurs];
    await same(
      Buffer.concat([wireOf(first, false), wireOf(second, true), wireOf(third, false, "Connection: close\r\n")]),
    );
  });
});

describe("HTTP/2 answers", () => {
  const servers: Http2Server[] = [];
  const sessions: ClientHttp2Session[] = [];
  beforeAll(async () => {
    for (const mw of [undefined, matrixJwtLogin(optionsWith())]) {
      const server = createHttp2Server((req, res) => {
        if (mw === undefined) readRaw(req, res);
        else
          mw(req, res, () => {
            readRaw(req, res);
          });
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      servers.push(server);
      sessions.push(connectHttp2(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`));
    }
  });
  afterAll(() => {
    for (const session of sessions) session.destroy();
    for (const server of servers) server.close();
  });

  const requests = [...POSTS, ...OTHERS.filter(({ headers }) => !("Expect" in headers))];
  test.each(
    requests.flatMap((request) =>
      (["with a length", "without"] as const).map((how) => [request.name, how, request] as const),
    ),
  )("as if the middleware were not there: %s, %s", async (_, how, { method, path, headers, body }) => {
    const answers = await Promise.all(
      sessions.map(async (session) => {
        const length = body !== undefined && how === "with a length" ? { "content-length": body.length } : {};
        const stream = session.request(
          { ":method": method, ":path": path, ...lowerCase(headers), ...length },
          { endStream: body === undefined },
        );
        const head = new Promise<object>((resolve) => stream.on("response", resolve));
        if (body !== undefined) {
          stream.write(body.subarray(0, 5));
          setImmediate(() => stream.end(body.subarray(5)));
        }
        const answer = await text(stream);
        return { ...(await head), date: "-", answer: answer.replace(/"host":"[^"]*"|127\.0\.0\.1:\d+/g, "") };
      }),
    );
    expect(answers[0]).toMatchObject({ ":status": 222 });
    expect(answers[1]).toEqual(answers[0]);
  });
});

/** All that comes back on a connection of its own, but for what varies by time. */
function exchange(url: string, bytes: Buffer): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    const received: Buffer[] = [];
    socket.on("data", (data) => received.push(data));
    // A host that refuses a long body may reset the connection while it is still being sent.
    socket.on("error", () => undefined);
    socket.on("close", () => {
      resolve(
        Buffer.concat(received)
          .toString("latin1")
          .replaceAll(/^date: .*$/gim, "date: -"),
      );
    });
    socket.write(bytes);
  });
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
