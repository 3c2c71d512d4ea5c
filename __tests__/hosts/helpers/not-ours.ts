import { gzipSync } from "node:zlib";

import { LOGIN_PATH, LOGIN_TYPE } from "../../helpers/login.js";

/** A request that is not the middleware's, as bytes of HTTP/1.1 but for its connection's end. */
export interface NotOurs {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

const PASSWORD = { type: "m.login.password", user: "alice", password: "p&a=s[s] é😀漢" };
const OURS = { type: LOGIN_TYPE, token: "a.b.c" };
const JSON_TYPE = { "Content-Type": "application/json" };
const UTF16 = { "Content-Type": "application/json; charset=utf-16" };
const FORM = { "Content-Type": "application/x-www-form-urlencoded" };

const text = (value: unknown): string => JSON.stringify(value);
const json = (value: unknown): Buffer => Buffer.from(text(value));

const BODIES: readonly (readonly [string, Buffer, Readonly<Record<string, string>>?])[] = [
  ["another type", json(PASSWORD)],
  ["another type as text", json(PASSWORD), { "Content-Type": "text/plain" }],
  ["another type as a form", json(PASSWORD), FORM],
  ["another type without a content type", json(PASSWORD), {}],
  ["no type", json({ user: "alice" })],
  ["an empty object", json({})],
  ["a type that is no string", json({ type: 7 })],
  ["a type that is null", json({ type: null })],
  ["a list of our type for a type", json({ type: [LOGIN_TYPE] })],
  ["our type in capitals", json({ ...OURS, type: LOGIN_TYPE.toUpperCase() })],
  ["a list", json([OURS])],
  ["a string", json(LOGIN_TYPE)],
  ["null", json(null)],
  ["nonsense", Buffer.from("{ nonsense")],
  ["JSON cut off", json(OURS).subarray(0, -1)],
  ["no UTF-8", Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])],
  ["our type in Latin-1", Buffer.from(text({ ...OURS, note: "é" }), "latin1")],
  ["UTF-16", Buffer.from(`\ufeff${text(PASSWORD)}`, "utf16le"), UTF16],
  ["our type in UTF-16", Buffer.from(`\ufeff${text(OURS)}`, "utf16le"), UTF16],
  ["a byte order mark", Buffer.from(`\ufeff${text(PASSWORD)}`)],
  ["our type after a byte order mark", Buffer.from(`\ufeff${text(OURS)}`)],
  ["a form", Buffer.from("type=m.login.password&user=alice"), FORM],
  ["a form of our type", Buffer.from(`type=${LOGIN_TYPE}&token=x`), FORM],
  [
    "a multipart form",
    Buffer.from(`--b\r\nContent-Disposition: form-data; name="type"\r\n\r\n${LOGIN_TYPE}\r\n--b--\r\n`),
    { "Content-Type": "multipart/form-data; boundary=b" },
  ],
  ["gzip", gzipSync(json(PASSWORD)), { ...JSON_TYPE, "Content-Encoding": "gzip" }],
  ["our type in gzip", gzipSync(json(OURS)), { ...JSON_TYPE, "Content-Encoding": "gzip" }],
  ["an unknown coding", json(OURS), { ...JSON_TYPE, "Content-Encoding": "unknown" }],
  ["20 KB", json({ ...PASSWORD, padding: "x".repeat(20_000) })],
  ["70 KB", json({ ...PASSWORD, padding: "x".repeat(70_000) })],
  ["70 KB of our type", json({ ...OURS, padding: "x".repeat(70_000) })],
  ["5 MB", json({ ...PASSWORD, padding: "x".repeat(5_000_000) })],
  ["nothing", Buffer.alloc(0)],
  ["white space", Buffer.from(" \r\n")],
];

/** More than a POST with a body: other methods, other paths, and what HTTP/1.1 alone has. */
export const OTHERS: readonly NotOurs[] = [
  { name: "POST without a body", method: "POST", path: LOGIN_PATH, headers: JSON_TYPE },
  {
    name: "POST, expecting 100-continue",
    method: "POST",
    path: LOGIN_PATH,
    headers: { ...JSON_TYPE, Expect: "100-continue" },
    body: json(PASSWORD),
  },
  ...["PUT", "DELETE", "PATCH"].map((method) => ({ name: method, method, path: LOGIN_PATH, headers: {} })),
  ...[
    `${LOGIN_PATH}/`,
    `${LOGIN_PATH}/get_token`,
    `${LOGIN_PATH}/sso/redirect?redirectUrl=https://app.example.org`,
    "/_matrix/client/v3/Login",
    "/_matrix/client/v1/login",
    "/_matrix/client//v3/login",
    "/_matrix/client/v3/%6cogin",
    "/login",
    "/",
  ].flatMap((path) => ["GET", "HEAD"].map((method) => ({ name: `${method} ${path}`, method, path, headers: {} }))),
];

export const POSTS: readonly NotOurs[] = BODIES.map(([name, body, headers = JSON_TYPE]) => ({
  name: `POST, ${name}`,
  method: "POST",
  path: LOGIN_PATH,
  headers,
  body,
}));

/** On the wire, with a length or in chunks; trailers after these. */
export function wireOf({ method, path, headers, body }: NotOurs, chunked: boolean, more = ""): Buffer {
  const framing =
    body === undefined ? "" : chunked ? "Transfer-Encoding: chunked\r\n" : `Content-Length: ${String(body.length)}\r\n`;
  const own = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `${method} ${path} HTTP/1.1\r\nHost: example.org\r\n${own.join("")}${framing}${more}\r\n`;
  if (body === undefined) return Buffer.from(head);
  return Buffer.concat([Buffer.from(head), chunked ? inChunks(body) : body]);
}

function inChunks(body: Buffer): Buffer {
  const size = Math.max(7, Math.ceil(body.length / 9));
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; at += size) {
    const part = body.subarray(at, at + size);
    parts.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from("\r\n"));
  }
  return Buffer.concat([...parts, Buffer.from("0\r\nX-Trailer: 1\r\n\r\n")]);
}
