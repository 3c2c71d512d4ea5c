import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";

/** A request of Node's, by HTTP/1.1 or HTTP/2: what any framework on top of Node has made of it too. */
export type NodeRequest = IncomingMessage | Http2ServerRequest;

/** A response of Node's, by HTTP/1.1 or HTTP/2. */
export type NodeResponse = ServerResponse | Http2ServerResponse;
