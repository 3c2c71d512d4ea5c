// Requests that are not the middleware's to answer, as bytes, for HTTP/1.1 on a connection of their own.
import { gzipSync } from "node:zlib";

import { LOGIN } from "./hosts/own-login.mjs";

const PASSWORD = { type: "m.login.password", identifier: { type: "m.id.user", user: "own" }, password: "pässword" };
const JWT = { type: "org.matrix.login.jwt", token: "a.b.c" };

const json = (value) => Buffer.from(JSON.stringify(value));
const utf16 = (value) => Buffer.from(`\ufeff${JSON.stringify(value)}`, "utf16le");
const withBom = (value) => Buffer.from(`\ufeff${JSON.stringify(value)}`);

/** Name, body, and headers of their own. */
export const BODIES = [
  ["another type", json(PASSWORD)],
  ["no type", json({ user: "own" })],
  ["a type that is no string", json({ type: 7 })],
  ["a list", json([JWT])],
  ["a string", json("org.matrix.login.jwt")],
  ["null", json(null)],
  ["no JSON", Buffer.from("{ nonsense")],
  ["no UTF-8", Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])],
  ["UTF-16", utf16(PASSWORD), { "Content-Type": "application/json; charset=utf-16" }],
  ["UTF-16 of our type", utf16(JWT), { "Content-Type": "application/json; charset=utf-16" }],
  ["a byte order mark", withBom(PASSWORD)],
  ["a byte order mark before our type", withBom(JWT)],
  ["a form", Buffer.from("type=m.login.password&user=own"), { "Content-Type": "application/x-www-form-urlencoded" }],
  [
    "a multipart form",
    Buffer.from('--b\r\nContent-Disposition: form-data; name="type"\r\n\r\nm.login.password\r\n--b--\r\n'),
    { "Content-Type": "multipart/form-data; boundary=b" },
  ],
  ["text", json(PASSWORD), { "Content-Type": "text/plain" }],
  ["no content type", json(PASSWORD), { "Content-Type": undefined }],
  ["gzip", gzipSync(json(PASSWORD)), { "Content-Encoding": "gzip" }],
  ["gzip of our type", gzipSync(json(JWT)), { "Content-Encoding": "gzip" }],
  ["an unknown coding", json(PASSWORD), { "Content-Encoding": "unknown" }],
  ["20 KB", json({ ...PASSWORD, padding: "x".repeat(20_000) })],
  ["70 KB", json({ ...PASSWORD, padding: "x".repeat(70_000) })],
  ["70 KB of our type", json({ ...JWT, padding: "x".repeat(70_000) })],
  ["5 MB", json({ ...PASSWORD, padding: "x".repeat(5_000_000) })],
  ["no bytes", Buffer.alloc(0)],
  ["expecting 100-continue", json(PASSWORD), { Expect: "100-continue" }],
];

function head(method, path, headers) {
  const lines = Object.entries({ Host: "example.org", Connection: "close", ...headers })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`);
}

/** In pieces of some size, with trailers after them if there are any. */
function chunked(body, size, trailers = "") {
  const parts = [];
  for (let at = 0; at < body.length; at += size) {
    const part = body.subarray(at, at + size);
    parts.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from("\r\n"));
  }
  return Buffer.concat([...parts, Buffer.from(`0\r\n${trailers}\r\n`)]);
}

const posts = BODIES.flatMap(([name, body, headers]) => {
  const own = { "Content-Type": "application/json", ...headers };
  return [
    {
      name: `POST, ${name}`,
      bytes: Buffer.concat([head("POST", LOGIN, { ...own, "Content-Length": body.length }), body]),
    },
    {
      name: `POST, ${name}, chunked`,
      bytes: Buffer.concat([
        head("POST", LOGIN, { ...own, "Transfer-Encoding": "chunked" }),
        chunked(body, Math.max(7, Math.ceil(body.length / 9))),
      ]),
    },
  ];
});

const others = [
  { name: "POST without a body", bytes: head("POST", LOGIN, {}) },
  { name: "POST with trailers", bytes: trailers() },
  ...["PUT", "DELETE", "PATCH"].map((method) => ({
    name: method,
    bytes: head(method, LOGIN, { "Content-Length": 0 }),
  })),
  ...[
    "/_matrix/client/v3/login/",
    "/_matrix/client/v3/login/get_token",
    "/_matrix/client/v3/login/sso/redirect?redirectUrl=https://app.example",
    "/_matrix/client/v3/Login",
    "/_matrix/client/v1/login",
    "/_matrix/client//v3/login",
    "/_matrix/client/v3/%6cogin",
    "/_matrix/client/versions",
    "/login",
    "/",
  ].flatMap((path) => ["GET", "HEAD"].map((method) => ({ name: `${method} ${path}`, bytes: head(method, path, {}) }))),
];

function trailers() {
  const headers = { "Content-Type": "application/json", "Transfer-Encoding": "chunked", Trailer: "X-Sum" };
  return Buffer.concat([head("POST", LOGIN, headers), chunked(json(PASSWORD), 9, "X-Sum: 1\r\n")]);
}

export const NOT_OURS = [...posts, ...others];
