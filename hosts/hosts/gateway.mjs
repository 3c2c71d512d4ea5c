import { createServer } from "node:http";

import { listen } from "./own-login.mjs";

/** An HTTP API of Amazon API Gateway (payload format 2.0) on loopback: a request becomes an event, its result the answer. */
export function serveLambda(handler) {
  return listen(
    createServer((req, res) => {
      void respond(handler, req, res);
    }),
  );
}

async function respond(handler, req, res) {
  const chunks = [];
  for await (const chunk of req) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const { pathname, search } = new URL(req.url, "http://gateway");
  const {
    statusCode,
    headers = {},
    cookies,
    body: text = "",
    isBase64Encoded,
  } = await handler(
    {
      version: "2.0",
      routeKey: "$default",
      rawPath: pathname,
      rawQueryString: search.slice(1),
      headers: req.headers,
      requestContext: {
        http: { method: req.method, path: pathname, protocol: "HTTP/1.1", sourceIp: "192.0.2.7", userAgent: "" },
        stage: "$default",
      },
      body: body.length === 0 ? undefined : body.toString("base64"),
      isBase64Encoded: body.length > 0,
    },
    {},
  );
  res.writeHead(statusCode, { ...headers, ...(cookies && { "set-cookie": cookies }) });
  res.end(isBase64Encoded ? Buffer.from(text, "base64") : text);
}
