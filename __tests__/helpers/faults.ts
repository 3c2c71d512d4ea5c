import { gzipSync } from "node:zlib";

import { keySet, text, type JwksAnswer } from "./jwks-server.js";
import { jwk, RSA } from "./keys.js";
import { unusableKeys } from "./unusable-keys.js";

const JSON_TYPE = { "Content-Type": "application/json" };
const MEGABYTE = 1_048_576;

type Fault = readonly [name: string, answer: JwksAnswer];

/** Sends a piece of a good answer now and then, and is never done. */
const drip =
  (good: string): JwksAnswer =>
  (_, res) => {
    res.writeHead(200, JSON_TYPE).write(good.slice(0, 10));
    const timer = setInterval(() => res.write(" "), 20);
    res.on("close", () => {
      clearInterval(timer);
    });
  };

const inPieces =
  (good: string, status: number, pieces: number): JwksAnswer =>
  (_, res) => {
    res.writeHead(status, JSON_TYPE);
    let sent = 0;
    const more = (): void => {
      while (sent < pieces) {
        sent += 1;
        if (!res.write(" ".repeat(65_536))) {
          res.once("drain", more);
          return;
        }
      }
      res.end(GOOD);
    };
    more();
  };

/** What an endpoint may do in place of answering with a document, where this one would be good. */
export function faultsOf(good: string): readonly Fault[] {
  return [
    [
      "resets the connection",
      (req) => {
        req.socket.resetAndDestroy();
      },
    ],
    [
      "closes the connection",
      (req) => {
        req.socket.destroy();
      },
    ],
    ["hangs before its answer", () => undefined],
    [
      "hangs after the head of its answer",
      (_, res) => {
        res.writeHead(200, JSON_TYPE).flushHeaders();
      },
    ],
    [
      "hangs in the middle of the body",
      (_, res) => {
        res.writeHead(200, JSON_TYPE).write(good.slice(0, -10));
      },
    ],
    [
      "hangs before the end of a whole body",
      (_, res) => {
        res.writeHead(200, JSON_TYPE).write(good);
      },
    ],
    ["drips", drip(good)],
    [
      "closes in the middle of the body",
      (_, res) => {
        res.writeHead(200, { ...JSON_TYPE, "Content-Length": String(good.length) });
        res.write(good.slice(0, -10), () => res.socket?.destroy());
      },
    ],
    [
      "answers with something that is not HTTP",
      (req) => {
        req.socket.end("keys? what keys?\r\n\r\n");
      },
    ],
    ["redirects", redirect(302, good)],
    ["redirects for good", redirect(301, good)],
    ["redirects with the method kept", redirect(307, good)],
    ["redirects with the method kept, for good", redirect(308, good)],
    ["answers with HTML", text("<!doctype html><title>Sign in</title>", 200, { "Content-Type": "text/html" })],
    ["answers with nothing", text("")],
    ["answers with {}", text("{}")],
    ["answers with null", text("null")],
    ["answers with a number", text("1")],
    ["answers with text", text('"keys"')],
    ["answers with half of it", text(good.slice(0, -1))],
    ["answers with two of it", text(good + good)],
    ["answers with what is not UTF-8", (_, res) => res.writeHead(200, JSON_TYPE).end(Buffer.from([0x7b, 0xff, 0x7d]))],
    ["answers with UTF-16", (_, res) => res.writeHead(200, JSON_TYPE).end(Buffer.from(good, "utf16le"))],
    ["answers with 5 MB", inPieces(good, 200, 80)],
    ["answers with a byte too many", text(good.padEnd(MEGABYTE + 1))],
    [
      "answers with 5 MB that were compressed",
      (_, res) => {
        const body = gzipSync(good.padEnd(5 * MEGABYTE));
        res.writeHead(200, { ...JSON_TYPE, "Content-Encoding": "gzip" }).end(body);
      },
    ],
    ["answers with a broken compression", text(good, 200, { "Content-Encoding": "gzip" })],
    ...[201, 204, 206, 304, 401, 404, 429, 500, 503].map(
      (status) => [`answers with ${String(status)}`, text([204, 304].includes(status) ? "" : good, status)] as const,
    ),
    ["answers with 5 MB of 500", inPieces(good, 500, 80)],
  ];
}

const GOOD = JSON.stringify({ keys: [jwk(RSA, { kid: "rsa" })] });

/** Everything that an endpoint may do in place of answering with keys. */
export const FAULTS: readonly Fault[] = [
  ...faultsOf(GOOD),
  ["answers with a list of keys", text(JSON.stringify([jwk(RSA, { kid: "rsa" })]))],
  ["answers with a key", text(JSON.stringify(jwk(RSA, { kid: "rsa" })))],
  ["answers with keys that are null", text('{"keys":null}')],
  ["answers with keys that are an object", text(JSON.stringify({ keys: { rsa: jwk(RSA, { kid: "rsa" }) } }))],
  ["answers with keys that are text", text('{"keys":"rsa"}')],
  ["answers with an empty set", keySet([])],
  ["answers with keys that are rubbish", keySet([null, 1, "rsa", {}, [], { kty: "RSA", kid: "rsa" }])],
  ["answers with keys of no use", keySet(unusableKeys("rsa").map(([, key]) => key))],
];

function redirect(status: number, good: string): JwksAnswer {
  return (req, res) => {
    // Where it leads there is a good answer: whoever follows gets it.
    if (req.url === "/moved") text(good)(req, res);
    else res.writeHead(status, { Location: "/moved" }).end();
  };
}
