import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import express5 from "express";
import express4 from "express4";

/** Both versions of Express that hosts run. */
export const EXPRESS_VERSIONS: readonly (readonly [string, typeof express5])[] = [
  ["Express 4", express4],
  ["Express 5", express5],
];

export interface RunningServer {
  readonly url: string;
  readonly server: Server;
  readonly close: () => Promise<void>;
}

/** Serves on loopback, on a free port unless one is given. */
export async function serve(app: RequestListener, onPort = 0): Promise<RunningServer> {
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(onPort, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}`,
    server,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => {
          if (error) reject(error);
          else resolve();
        });
        server.closeAllConnections();
      }),
  };
}
