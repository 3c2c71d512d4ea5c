import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";

import type { Logger } from "../../support/logger.js";
import { once } from "../../support/once.js";
import { OptionsError } from "../../support/options-error.js";

/** A request of Node's, by HTTP/1.1 or HTTP/2: what any framework on top of Node has made of it too. */
export type NodeRequest = IncomingMessage | Http2ServerRequest;

/** A response of Node's, by HTTP/1.1 or HTTP/2. */
export type NodeResponse = ServerResponse | Http2ServerResponse;

/** By the version: hosts put streams of their own on requests. */
export function isHttp2(req: NodeRequest): req is Http2ServerRequest {
  return req.httpVersionMajor === 2;
}

/** By what HTTP/2 alone can do. */
export function isHttp2Response(res: NodeResponse): res is Http2ServerResponse {
  return "createPushResponse" in res;
}

/** What Express and its like add to a request; none of it need be there. */
interface FrameworkRequest {
  readonly ip?: unknown;
  readonly app?: { readonly settings?: Readonly<Record<string, unknown>> };
}

/**
 * Express calls whatever is mounted with a request: also the function that should have been called to make what is mounted.
 *
 * @param name - of that function
 * @throws OptionsError if `options` is a request
 */
export function assertNoRequest(options: unknown, name: string): void {
  const { pipe, headers } = Object(options) as Readonly<Record<string, unknown>>;
  if (typeof pipe !== "function" || headers === undefined) return;
  throw new OptionsError("", `are a request: mount what ${name} returns, as in app.use(${name}({ ... }))`);
}

/**
 * Whoever calls what should be mounted gives it no request.
 *
 * @param name - of the function that made it
 * @throws TypeError
 */
export function assertRequest(req: unknown, name: string): void {
  if (typeof req === "object" && req !== null) return;
  throw new TypeError(
    `matrix-jwt-login: what ${name} returned was called without a request: mount it itself, as in app.use(auth), not app.use(auth())`,
  );
}

/** The client's address as the framework has it, by its own rules of which proxies to trust, or that of the connection. */
export function addressOf(req: NodeRequest): string | undefined {
  const { ip } = req as FrameworkRequest;
  return typeof ip === "string" ? ip : req.socket.remoteAddress;
}

/** Does Express know what to make of `X-Forwarded-For`? */
function trustsProxy(req: NodeRequest): boolean {
  return Boolean((req as FrameworkRequest).app?.settings?.["trust proxy"]);
}

/**
 * Makes a check that tells the logger once if requests come by way of a proxy that is not trusted.
 *
 * @param matters - do limits count by {@link addressOf}?
 */
export function proxyCheck(logger: Logger, matters: boolean): (req: NodeRequest) => void {
  if (!matters) return () => undefined;
  const tell = once(() => {
    logger.warn(
      "matrix-jwt-login: requests come with X-Forwarded-For, but no proxy is trusted, so rateLimits count all clients of " +
        'a proxy as one; set "trust proxy" in Express, or the option clientAddress',
    );
  });
  return (req) => {
    if (req.headers["x-forwarded-for"] !== undefined && !trustsProxy(req)) tell();
  };
}

/** Asks of a request's connection, from then on, whether the client has hung up. */
export function hangUpOf({ socket }: NodeRequest): () => boolean {
  // A connection that was reset can have data to read still, but has no peer any more.
  return () =>
    socket.destroyed ||
    !isWritable(socket) ||
    (socket.localAddress !== undefined && socket.remoteAddress === undefined);
}

/** What stands in for a socket under a serverless adapter need not say. */
function isWritable({ writable }: { readonly writable?: boolean }): boolean {
  return writable !== false;
}
