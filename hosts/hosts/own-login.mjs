// The password login that each host has itself, and that must answer the same with and without the middleware.

export const LOGIN = "/_matrix/client/v3/login";

export const FLOWS = { flows: [{ type: "m.login.password" }] };

export function logIn(body) {
  if (body?.type !== "m.login.password") {
    return { status: 400, answer: { errcode: "M_UNKNOWN", error: "Unknown login type" } };
  }
  return { status: 200, answer: { user_id: "@own:example.org", access_token: "own", device_id: "OWN", seen: body } };
}

/** The JSON of a request that nobody has read yet. */
export async function readJson(req) {
  const chunks = [];
  for await (const chunk of req) chunks.push(chunk);
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    return undefined;
  }
}

/** A whole host of plain Node handlers: for what has no router of its own. */
export async function answer(req, res, body) {
  const path = (req.originalUrl ?? req.url).split("?")[0];
  if (path === LOGIN && req.method === "POST") {
    const { status, answer: json } = logIn(body === undefined ? await readJson(req) : body);
    send(res, status, json);
  } else if (path === LOGIN && (req.method === "GET" || req.method === "HEAD")) {
    send(res, 200, FLOWS);
  } else {
    send(res, 404, { errcode: "M_UNRECOGNIZED", error: "Unrecognized request" });
  }
}

function send(res, status, json) {
  const text = JSON.stringify(json);
  res.writeHead(status, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(text) });
  res.end(text);
}

/** Starts a node:http or HTTP/2 server on a free port. */
export function listen(server, { scheme = "http" } = {}) {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      resolve({
        url: `${scheme}://127.0.0.1:${server.address().port}`,
        close: () =>
          new Promise((closed) => {
            server.close(closed);
            server.closeAllConnections?.();
          }),
      });
    });
  });
}
