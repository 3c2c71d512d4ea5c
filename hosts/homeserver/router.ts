import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";

export interface RouterRequest {
  readonly raw: IncomingMessage;
  readonly body: Readonly<Record<string, unknown>>;
  readonly userId?: string;
  readonly deviceId?: string | undefined;
}

export interface RouterResponse {
  readonly status: number;
  readonly body: object;
}

export type Handler = (req: RouterRequest) => RouterResponse | Promise<RouterResponse>;
export type Middleware = (req: RouterRequest, next: Handler) => RouterResponse | Promise<RouterResponse>;

/** Thrown by a handler: the router answers with it. */
export class MatrixError extends Error {
  readonly status: number;
  readonly body: object;

  constructor(status: number, body: object) {
    super("error" in body ? String(body.error) : "refused");
    this.status = status;
    this.body = body;
  }
}

export class Router {
  readonly #routes = new Map<string, Handler>();

  add(method: string, path: string, handler: Handler, ...middleware: Middleware[]): void {
    const composed = middleware.reduceRight<Handler>((next, one) => (req) => one(req, next), handler);
    this.#routes.set(`${method} ${path}`, composed);
  }

  async handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { status, body } = await this.#answer(req);
    const json = JSON.stringify(body);
    res.writeHead(status, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(json) });
    res.end(json);
  }

  async #answer(req: IncomingMessage): Promise<RouterResponse> {
    const { pathname } = new URL(req.url ?? "/", "http://localhost");
    const sent = req.method === "POST" ? await text(req) : "";
    const handler = this.#routes.get(`${String(req.method)} ${pathname}`);
    if (handler === undefined)
      return { status: 404, body: { errcode: "M_UNRECOGNIZED", error: "Unrecognized request" } };
    try {
      return await handler({ raw: req, body: JSON.parse(sent || "{}") as RouterRequest["body"] });
    } catch (error) {
      if (error instanceof MatrixError) return { status: error.status, body: error.body };
      if (error instanceof SyntaxError) return { status: 400, body: { errcode: "M_NOT_JSON", error: "Not JSON" } };
      return { status: 500, body: { errcode: "M_UNKNOWN", error: "Internal server error" } };
    }
  }
}
