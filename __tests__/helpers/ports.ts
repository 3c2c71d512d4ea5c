import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/**
 * A free port for a server that stops and comes back. It is below those that systems give by themselves, or another test could
 * be given it in between.
 */
export async function portToComeBackTo(): Promise<number> {
  const port = randomInt(20_000, 32_000);
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch {
    return portToComeBackTo();
  }
  server.close();
  await once(server, "close");
  return port;
}
