import { createServer, type IncomingMessage } from "node:http";
import { createServer as createHttp2Server, connect as connectHttp2, type Http2ServerRequest } from "node:http2";
import { connect, type AddressInfo } from "node:net";
import { PassThrough } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

import { afterEach, describe, expect, test } from "@jest/globals";

import { LOGIN_PATH, LOGIN_TYPE } from "../helpers/login.js";
import { middleware } from "../helpers/test-hosts.js";
import { token } from "../helpers/tokens.js";

type Handler = ReturnType<typeof middleware>;
type AnyRequest = IncomingMessage | Http2ServerRequest;

/** What a handler in front of ours does with a request, and where it puts what it read. */
type Front = (req: AnyRequest, seen: (chunk: Buffer | string) => void, next: () => void) => void;

const FRONTS: Readonly<Record<string, Front>> = {
  nothing: (_req, _seen, next) => {
    next();
  },
  ...Object.fromEntries(
    (["utf8", "latin1", "hex", "base64", "utf16le"] as const).map((encoding): [string, Front] => [
      `setEncoding ${encoding}`,
      (req, _seen, next) => {
        req.setEncoding(encoding);
        next();
      },
    ]),
  ),
  "a data listener": (req, seen, next) => {
    req.on("data", seen);
    next();
  },
  "a data listener and setEncoding": (req, seen, next) => {
    req.setEncoding("utf8").on("data", seen);
    next();
  },
  "a data listener after next()": (req, seen, next) => {
    next();
    req.on("data", seen);
  },
  "a data listener in a callback": (req, seen, next) => {
    setTimeout(() => {
      req.on("data", seen);
      next();
    }, 20);
  },
  "a pipe in a callback": (req, seen, next) => {
    setTimeout(() => {
      req.pipe(new PassThrough().on("data", seen));
      next();
    }, 20);
  },
  "a callback": (_req, _seen, next) => {
    setTimeout(next, 20);
  },
  pause: (req, _seen, next) => {
    req.pause();
    next();
  },
  "pause in a callback": (req, _seen, next) => {
    req.pause();
    setTimeout(next, 20);
  },
  "resume soon after pause": (req, _seen, next) => {
    req.pause();
    next();
    void Promise.resolve().then(() => req.resume());
  },
  "resume later than pause": (req, _seen, next) => {
    req.pause();
    next();
    setImmediate(() => req.resume());
  },
  "a readable listener that was called once": (req, _seen, next) => {
    req.once("readable", () => {
      next();
    });
  },
  "a readable listener that has left": (req, _seen, next) => {
    req.on("readable", next).off("readable", next);
    next();
  },
  "a look at the first byte": (req, _seen, next) => {
    req.once("readable", () => {
      req.unshift(req.read(1) as Buffer);
      next();
    });
  },
  resume: (req, _seen, next) => {
    req.resume();
    next();
  },
};

const LOGIN = JSON.stringify({ type: LOGIN_TYPE, token: token() });
const PASSWORD = Buffer.from('{"type":"m.login.password","user":"J\u00fcrgen \ud83d\ude00"}');

const BODIES: Readonly<Record<string, Buffer>> = {
  "a password login": PASSWORD,
  "Latin-1": Buffer.from('{"type":"m.login.password","user":"J\u00fcrgen"}', "latin1"),
  "one byte that is no UTF-8": Buffer.from([0xff]),
  "bytes that are no UTF-8": Buffer.from([0xff, 0xc3, 0x28, 0xff, 0xe2, 0x82]),
};

const START = `POST ${LOGIN_PATH} HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n`;
const withLength = (body: Buffer) => Buffer.from(`${START}Content-Length: ${String(body.length)}\r\n\r\n`);
const chunk = (body: Buffer) =>
  Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from("\r\n")]);
const CHUNKED = Buffer.from(`${START}Transfer-Encoding: chunked\r\n\r\n`);
const END = Buffer.from("0\r\n\r\n");
const halves = (body: Buffer) => [body.subarray(0, body.length >> 1), body.subarray(body.length >> 1)] as const;

const PACKETS: Readonly<Record<string, (body: Buffer) => readonly Buffer[]>> = {
  "one packet": (body) => [Buffer.concat([withLength(body), body])],
  "a packet for the body": (body) => [withLength(body), body],
  "half of the body with the headers": (body) => {
    const [first, second] = halves(body);
    return [Buffer.concat([withLength(body), first]), second];
  },
  "chunks in one packet": (body) => [Buffer.concat([CHUNKED, chunk(body), END])],
  "chunks, the end by itself": (body) => [Buffer.concat([CHUNKED, chunk(body)]), END],
};

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

async function listening(server: ReturnType<typeof createServer> | ReturnType<typeof createHttp2Server>) {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push(() => {
    if ("closeAllConnections" in server) server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** What the host and the handler in front saw, and whether there was an answer within half a second. */
async function exchanged(front: Front, ours: Handler | undefined, packets: readonly Buffer[]) {
  let earlier = "";
  const server = createServer((req, res) => {
    const host = () => {
      let text = "";
      req.on("data", (part: Buffer | string) => (text += part.toString("latin1" as never)));
      const answer = () => req.on("end", () => res.end(`host ${text}`));
      if (!front.name.startsWith("pause")) {
        answer();
        return;
      }
      // Whoever has paused it gets nothing before.
      setTimeout(() => {
        expect(text).toBe("");
        answer();
        req.resume();
      }, 20);
    };
    front(
      req,
      (part) => (earlier += typeof part === "string" ? part : part.toString("latin1")),
      () => {
        if (ours === undefined) host();
        else ours(req as never, res as never, host);
      },
    );
  });
  const port = await listening(server);
  const socket = connect(port, "127.0.0.1").setNoDelay(true);
  let answer = "";
  const ended = new Promise<void>((resolve) => {
    socket.on("data", (part) => (answer += part.toString("latin1")));
    socket.on("close", () => {
      resolve();
    });
  });
  for (const packet of packets) {
    socket.write(packet);
    await sleep(30);
  }
  await Promise.race([ended, sleep(500)]);
  socket.destroy();
  const [head = "", text] = answer.split("\r\n\r\n");
  return { status: head.slice(9, 12), text, earlier };
}

test.each(Object.entries(BODIES))("an encoding that is set while %s comes breaks nothing", async (_, body) => {
  const later: Front = (req, _seen, next) => {
    setTimeout(() => req.setEncoding("utf8"), 15);
    next();
  };
  const [first, second] = halves(body);
  const packets = [Buffer.concat([withLength(body), first]), second];
  expect(await exchanged(later, middleware(), packets)).toMatchObject({ status: "200" });
});

describe.each(Object.entries(FRONTS))("behind %s", (name, front) => {
  test("a request that is the host's is as without us, in whatever packets", async () => {
    const ways = Object.entries(PACKETS).flatMap(([way, packetsOf]) =>
      Object.entries(BODIES).map(([body, bytes]) => [`${body}, ${way}`, packetsOf(bytes)] as const),
    );
    ways.push(["no chunk, in one packet", [Buffer.concat([CHUNKED, END])]]);
    ways.push(["no chunk, the end by itself", [CHUNKED, END]]);
    const seen = async (ours: Handler | undefined) =>
      Promise.all(ways.map(async ([way, packets]) => [way, await exchanged(front, ours, packets)]));
    expect(await seen(middleware())).toEqual(await seen(undefined));
  });

  test("a login succeeds, in whatever packets", async () => {
    const isHeard = /data listener|pipe/.test(name);
    const logins = Object.entries(PACKETS).map(async ([way, packetsOf]) => {
      const { status, earlier } = await exchanged(front, middleware(), packetsOf(Buffer.from(LOGIN)));
      return [way, status, earlier];
    });
    expect(await Promise.all(logins)).toEqual(Object.keys(PACKETS).map((way) => [way, "200", isHeard ? LOGIN : ""]));
  });
});

test.each([{}, { unknownLoginType: "reject" } as const])(
  "whoever reads an empty body finds it empty, whenever it begins: %j",
  async (options) => {
    for (const wait of [0, 1, 2, 3]) {
      const read: unknown[] = [];
      let ended = 0;
      const front: Front = (req, _seen, next) => {
        void (async () => {
          req.on("end", () => (ended += 1));
          if (wait > 0) await sleep(5);
          next();
          for (let tick = 1; tick < wait; tick += 1) await Promise.resolve();
          for await (const part of req) read.push(part);
        })();
      };
      await exchanged(front, middleware(options), [Buffer.concat([CHUNKED, END])]);
      expect([wait, read, ended]).toEqual([wait, [], 1]);
    }
  },
);

describe.each([{}, { unknownLoginType: "reject" } as const])("of an empty body, while we look at it: %j", (options) => {
  const heard: string[] = [];
  test.each<[string, (req: AnyRequest) => unknown, readonly string[]]>([
    ["listens to data", (req) => req.on("data", () => heard.push("data")), ["end"]],
    ["listens to readable", (req) => req.on("readable", () => heard.push("readable")), []],
    ["resumes it", (req) => req.resume(), ["end"]],
    ["pipes it", (req) => req.pipe(new PassThrough().on("data", () => heard.push("data"))), ["end"]],
    [
      "waits for its text",
      async (req) => {
        for await (const part of req) heard.push(String(part));
      },
      ["end"],
    ],
  ])("whoever %s hears its end once, and no byte", async (name, read, expected) => {
    heard.splice(0);
    const front: Front = (req, _seen, next) => {
      setTimeout(() => {
        next();
        process.nextTick(() => read(req.on("end", () => heard.push("end"))));
      }, 5);
    };
    await exchanged(front, middleware(options), [Buffer.concat([CHUNKED, END])]);
    // What we answer ourselves is thrown away, and its readers hear of no more than its end.
    const readable = "unknownLoginType" in options ? [] : ["readable"];
    expect(heard).toEqual(name === "listens to readable" ? [...readable, "end"] : expected);
  });
});

test("a host that waits for a body to be readable is told of an empty one", async () => {
  const ours = middleware();
  const server = createServer((req, res) => {
    ours(req as never, res as never, () => {
      req.once("readable", () => res.end(`host ${String(req.read())}`));
    });
  });
  const socket = connect(await listening(server), "127.0.0.1");
  socket.end(Buffer.concat([CHUNKED, END]));
  let answer = "";
  for await (const part of socket.setEncoding("latin1")) answer += String(part);
  expect(answer).toMatch(/host null$/);
});

describe.each(Object.entries(FRONTS))("over HTTP/2, behind %s", (name, front) => {
  test.each([
    ["a login", LOGIN, "access_token"],
    ["a request that is the host's", PASSWORD.toString(), "m.login.password"],
    ["a request with an empty body", "", ""],
  ])("%s is answered", async (_, body, answer) => {
    const ours = middleware();
    let seen = "";
    const server = createHttp2Server((req, res) => {
      front(
        req,
        (part) => (seen += part.toString()),
        () => {
          ours(req as never, res as never, () => {
            req.pipe(res);
          });
        },
      );
    });
    const session = connectHttp2(`http://127.0.0.1:${String(await listening(server))}`);
    open.push(() => {
      session.destroy();
    });
    const stream = session.request({ ":method": "POST", ":path": LOGIN_PATH });
    stream.end(body);
    let text = "";
    for await (const part of stream.setEncoding("utf8")) text += String(part);
    if (!/setEncoding (?:hex|base64|utf16le|latin1)/.test(name)) expect(text).toContain(answer);
    if (name.includes("data listener") || name.includes("pipe")) expect(seen).toBe(body);
  });
});
