import type { IncomingMessage, ServerResponse } from "node:http";

import type { Jwk } from "matrix-jwt-login";

import { serve } from "./hosts.js";

export type JwksAnswer = (req: IncomingMessage, res: ServerResponse) => void;

export interface JwksServer {
  readonly url: string;
  /** When each request came, by `Date.now()`. */
  readonly requests: readonly number[];
  /** From now on the endpoint answers so. */
  readonly answer: (answer: JwksAnswer) => void;
  readonly close: () => Promise<void>;
}

/** A real JWKS endpoint on loopback, with any behaviour that a real one may show. */
export async function serveJwks(keys: readonly unknown[] = [], port = 0): Promise<JwksServer> {
  const requests: number[] = [];
  let current = keySet(keys);
  const { url, close } = await serve((req, res) => {
    requests.push(Date.now());
    current(req, res);
  }, port);
  return {
    url: `${url}/jwks`,
    requests,
    answer: (answer) => {
      current = answer;
    },
    close,
  };
}

export function keySet(keys: readonly unknown[] | readonly Jwk[]): JwksAnswer {
  return text(JSON.stringify({ keys }));
}

export function text(body: string, status = 200, headers: Readonly<Record<string, string>> = {}): JwksAnswer {
  return (_, res) => {
    res.writeHead(status, { "Content-Type": "application/json", ...headers }).end(body);
  };
}
