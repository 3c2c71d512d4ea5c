import { serve } from "@hono/node-server";
import { Hono } from "hono";

import { fetchHost } from "./fetch.mjs";

export const name = "Hono, by createFetchHandler";

export function start(login) {
  const host = fetchHost(login?.setup);
  const app = new Hono();
  app.all("*", (c) => host(c.req.raw));
  return new Promise((resolve) => {
    const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => {
      resolve({
        url: `http://127.0.0.1:${port}`,
        close: () => {
          server.closeAllConnections();
          server.close();
        },
      });
    });
  });
}
