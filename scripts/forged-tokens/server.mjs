// A server behind the check of access tokens, for main.mjs: over IPC it says where it is, and how large its heap is.
import { createServer } from "node:http";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { matrixBearerAuth } from "matrix-jwt-login";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");

const { secret } = JSON.parse(process.argv[2]);
const auth = matrixBearerAuth({
  serverName: "example.org",
  tokens: { secret, issuer: "https://id.example.org", audience: "matrix", tokenType: "at+jwt" },
});

const server = createServer((req, res) => {
  auth(req, res, () => {
    res.end(auth.of(req).userId);
  });
});

process.on("message", () => {
  collect();
  collect();
  process.send({ heap: process.memoryUsage().heapUsed });
});
server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));
