import { once } from "node:events";
import type { Server } from "node:http";
import type { Socket } from "node:net";

/** Gives the server's stop: it takes no new connection, lets requests under way finish, and cuts off the slow ones. */
export function gracefulClose(server: Server, timeoutMs: number): () => Promise<void> {
  // Browsers open connections ahead of need. Node counts one as busy until its first request; nobody is to wait for it.
  const unused = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    unused.add(socket);
    socket.once("close", () => unused.delete(socket));
  });
  server.on("request", ({ socket }) => unused.delete(socket));

  return async () => {
    if (!server.listening) return;
    server.close();
    // Again and again: a connection that is busy now would stay open, idle, until its keep-alive ran out.
    const sweep = setInterval(() => {
      server.closeIdleConnections();
      for (const socket of unused) socket.destroy();
    }, 50);
    const deadline = setTimeout(() => {
      server.closeAllConnections();
    }, timeoutMs);
    await once(server, "close");
    clearInterval(sweep);
    clearTimeout(deadline);
  };
}
