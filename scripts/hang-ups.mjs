// Clients that hang up at every point, at hosts whose rate limit is used up: none may have a token verified.
//   npm run build && node scripts/hang-ups.mjs [REQUESTS]
import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import { connect } from "node:net";

import express5 from "express";
import express4 from "express4";
import { RateLimiterMemory } from "rate-limiter-flexible";

import { matrixJwtLogin } from "../dist/esm/index.js";

const REQUESTS = Number(process.argv[2] ?? 10_000);
const POINTS = 5;
const AT_ONCE = 50;
const PATH = "/_matrix/client/v3/login";
const TYPE = "org.matrix.login.jwt";
const SECRET = "a secret that is long enough for HS256, and known to nobody";

const HOSTS = {
  "Express 4": (mw) => express4().use(mw),
  "Express 5": (mw) => express5().use(mw),
  "Express 5 behind another middleware": (mw) => express5().use((_req, _res, next) => void setImmediate(next), mw),
  "node:http": (mw) => mw,
};
const SENT = {
  "before the body": (head) => head,
  "within the body": (head, body) => head + body.slice(0, body.length / 2),
  "after the body": (head, body) => head + body,
  "after the body, chunked": (_head, body) =>
    `POST ${PATH} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
};
const GOING = {
  reset: (socket) => socket.resetAndDestroy(),
  close: (socket) => socket.destroy(),
  "half-close": (socket) => socket.end(() => setTimeout(() => socket.destroy(), 1)),
};
const WHEN = {
  "at once": (go) => go(),
  "a turn later": (go) => setImmediate(go),
};

const ways = Object.entries(HOSTS).flatMap(([host, build]) =>
  Object.entries(SENT).flatMap(([sent, send]) =>
    Object.entries(GOING).flatMap(([going, go]) =>
      Object.entries(WHEN).map(([when, wait]) => ({
        name: [host, sent, going, when].join(", "),
        build,
        send,
        go,
        wait,
      })),
    ),
  ),
);
const each = Math.ceil(REQUESTS / ways.length);
let sum = 0;
let beyond = 0;
for (const { name, build, send, go, wait } of ways) {
  const calls = await callsBeyondLimit(build, send, go, wait);
  sum += each;
  beyond += calls;
  if (calls > 0) console.log(`${name}: ${calls} calls beyond the limit`);
}
console.log(
  `${sum} requests that hung up, in ${ways.length} ways: ${beyond} tokens verified or callbacks called beyond the limit`,
);
process.exitCode = beyond > 0 ? 1 : 0;

async function callsBeyondLimit(build, send, go, wait) {
  let calls = 0;
  const count = (result) => () => {
    calls += 1;
    return result;
  };
  const mw = matrixJwtLogin({
    serverName: "example.org",
    loginTypes: { [TYPE]: { secret: SECRET, authorize: count(true) } },
    findUser: count({}),
    issueToken: count({ accessToken: "x" }),
    rateLimits: { address: new RateLimiterMemory({ points: POINTS, duration: 3_600 }) },
    logger: false,
  });
  const server = createServer(build(mw));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  const body = JSON.stringify({ type: TYPE, token: token() });
  for (let i = 0; i < POINTS; i += 1) {
    const { status } = await fetch(`http://127.0.0.1:${port}${PATH}`, { method: "POST", body });
    if (status !== 200) throw new Error(`a login within the limit is ${status}`);
  }
  calls = 0;
  const head = `POST ${PATH} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`;
  for (let done = 0; done < each; done += AT_ONCE) {
    await Promise.all(
      Array.from({ length: Math.min(AT_ONCE, each - done) }, () => hangUp(port, send(head, body), go, wait)),
    );
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  return calls;
}

function hangUp(port, bytes, go, wait) {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => undefined).on("close", resolve);
    socket.write(bytes, () => wait(() => go(socket)));
  });
}

function token() {
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const input = `${encode({ alg: "HS256" })}.${encode({ sub: "alice", exp: Math.floor(Date.now() / 1_000) + 3_600 })}`;
  return `${input}.${createHmac("sha256", SECRET).update(input).digest("base64url")}`;
}
