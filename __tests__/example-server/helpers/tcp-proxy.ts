import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

import { afterAll } from "@jest/globals";

import { portToComeBackTo } from "../../helpers/ports.js";

const proxies = new Set<TcpProxy>();
afterAll(async () => {
  for (const proxy of proxies) await proxy.close();
});

/** Stands between a server and a service on which it depends, to take that away: dead, or silent, and then back again. */
export class TcpProxy {
  readonly #server = createServer();
  readonly #sockets = new Set<Socket>();
  readonly #target: URL;
  readonly #port: number;
  #silent = false;

  private constructor(target: URL, port: number) {
    this.#target = target;
    this.#port = port;
    this.#server.on("connection", (near) => {
      const far = connect(Number(target.port), target.hostname);
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on("error", () => undefined);
        socket.on("close", () => {
          this.#sockets.delete(socket);
          near.destroy();
          far.destroy();
        });
      }
      if (this.#silent) return;
      near.pipe(far).pipe(near);
    });
  }

  static async before(url: string): Promise<TcpProxy> {
    const proxy = new TcpProxy(new URL(url), await portToComeBackTo());
    proxies.add(proxy);
    await proxy.comeBack();
    return proxy;
  }

  /** The service's URL, but through here. */
  get url(): string {
    const url = new URL(this.#target);
    url.host = `127.0.0.1:${String(this.#port)}`;
    return url.href;
  }

  /** As a process that is killed: connections break, and none is taken. */
  async die(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#breakAll();
    await closed;
  }

  /** As a machine that is gone: what is sent to it is never answered. */
  fallSilent(): void {
    this.#silent = true;
    for (const socket of this.#sockets) socket.unpipe();
  }

  async comeBack(): Promise<void> {
    this.#silent = false;
    if (this.#server.listening) return;
    this.#server.listen(this.#port, "127.0.0.1");
    await once(this.#server, "listening");
  }

  async close(): Promise<void> {
    proxies.delete(this);
    if (this.#server.listening) await this.die();
  }

  #breakAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
