import { request as http1 } from "node:http";
import { connect } from "node:http2";

/** Asks one host, by HTTP/1.1 or HTTP/2: resolves to `{ status, headers, text, json }`. */
export function requestTo(url, { http2 = false }) {
  return async (method, path, { headers = {}, body, chunked = false } = {}) => {
    const answer = await (http2 ? overHttp2 : overHttp1)(url, method, path, headers, body, chunked);
    return { ...answer, json: parsed(answer.text) };
  };
}

function overHttp1(url, method, path, headers, body, chunked) {
  return new Promise((resolve, reject) => {
    const length = body === undefined || chunked ? {} : { "content-length": Buffer.byteLength(body) };
    const req = http1(url + path, { method, headers: { ...headers, ...length }, agent: false }, (res) => {
      read(res).then((text) => resolve({ status: res.statusCode, headers: res.headers, text }), reject);
    });
    req.on("error", reject);
    sendBody(req, body, chunked);
  });
}

function overHttp2(url, method, path, headers, body, chunked) {
  return new Promise((resolve, reject) => {
    const session = connect(url, { rejectUnauthorized: false });
    session.on("error", reject);
    const length = body === undefined || chunked ? {} : { "content-length": Buffer.byteLength(body) };
    const stream = session.request(
      { ":method": method, ":path": path, ...headers, ...length },
      { endStream: body === undefined },
    );
    stream.on("error", reject);
    stream.on("response", ({ ":status": status, ...answered }) => {
      read(stream)
        .then((text) => resolve({ status, headers: answered, text }), reject)
        .finally(() => session.close());
    });
    if (body !== undefined) sendBody(stream, body, chunked);
  });
}

/** Chunked: in two pieces, with a turn of the event loop between them. */
function sendBody(stream, body, chunked) {
  if (!chunked) {
    stream.end(body);
    return;
  }
  const half = Math.floor(body.length / 2);
  stream.write(body.slice(0, half));
  setImmediate(() => stream.end(body.slice(half)));
}

async function read(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
