import { once } from "node:events";
import { createServer } from "node:http";

/**
 * Serves a JWKS on loopback and counts the fetches by path, so that a run can tell whether a cache was warm.
 * @param {object} jwks
 */
export async function startJwksServer(jwks) {
  const body = JSON.stringify(jwks);
  /** @type {Map<string, number>} */
  const fetches = new Map();
  const server = createServer((req, res) => {
    const path = req.url ?? "";
    fetches.set(path, (fetches.get(path) ?? 0) + 1);
    res.writeHead(200, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) });
    res.end(body);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());

  return {
    /** @param {string} name */
    uri: (name) => `http://127.0.0.1:${port}/${name}/jwks`,
    /** @param {string} name */
    fetches: (name) => fetches.get(`/${name}/jwks`) ?? 0,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
