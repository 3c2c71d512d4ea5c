import type { IncomingMessage, ServerResponse } from "node:http";

import { errorAnswer } from "./http/answer.js";
import { responseOf } from "./http/fetch/send.js";
import { tooLarge } from "./http/login-body.js";
import { sendAnswer } from "./http/node/send.js";
import type { NodeRequest, NodeResponse } from "./http/node/types.js";
import { pathOf } from "./http/routes.js";
import type { LoginContext } from "./login/options.js";
import { isMatrixError } from "./matrix/errors.js";
import { internalError } from "./matrix/host-error.js";
import type { SsoAnswer } from "./sso/answer.js";

import type { SingleSignOn } from "./sso/single-sign-on.js";
import type { Logger } from "./support/logger.js";

/** A request of Node's, and what frameworks may have made of it. */
interface MountedRequest extends IncomingMessage {
  readonly originalUrl?: string;
  readonly body?: unknown;
  readonly rawBody?: unknown;
}

interface BrowserOptions<Req> {
  readonly cors: boolean;
  readonly bodyLimit: number;
  /** What an unknown provider comes to. */
  readonly unknownLoginType: "next" | "reject";
  /** Of a request. */
  readonly context: (req: Req) => LoginContext<Req>;
  readonly logger: Logger;
}

/** Answers a request for single sign-on. False: it is none, and nothing was done. */
export type BrowserHandler<Req> = (req: Req, res: NodeResponse, pass: () => void) => boolean;

/** Single sign-on for requests and responses of Node's. */
export function browserHandler<Req extends NodeRequest>(
  sso: SingleSignOn<Req>,
  options: BrowserOptions<Req>,
): BrowserHandler<Req> {
  const { bodyLimit, unknownLoginType, context, logger } = options;
  let toldOfMount = false;

  const answer = async (req: Req, path: string): Promise<SsoAnswer | undefined> => {
    const known = context(req);
    const { originalUrl = req.url } = req as Partial<MountedRequest>;
    const [, query = ""] = /\?([^#]*)/.exec(String(originalUrl)) ?? [];
    const request = {
      ...known,
      method: String(req.method),
      path,
      query,
      host: req.headers.host ?? (req.headers[":authority"] as string | undefined),
      cookie: req.headers.cookie,
      form: req.method === "POST" ? await formOf(req as IncomingMessage, bodyLimit) : undefined,
    };
    return sso.handle(request, unknownLoginType === "reject");
  };

  return (req, res, pass) => {
    const { mount, paths } = pathsOf(req as Partial<MountedRequest>);
    const path = paths.find((one) => sso.handles(String(req.method), one));
    if (path === undefined) return false;
    if (!toldOfMount && path === paths[0] && mount !== "" && !sso.callbackPath.startsWith(`${mount}/`)) {
      toldOfMount = true;
      logger.error(
        `matrix-jwt-login: the middleware is mounted at ${JSON.stringify(mount)}, where sso.callbackPath ` +
          "cannot be reached; mount it at the root, or set callbackPath to a path below that",
      );
    }
    answer(req, path).then(
      (answered) => {
        if (answered === undefined) pass();
        else sendPage(res as ServerResponse, answered);
      },
      (error: unknown) => {
        if (!isMatrixError(error)) logger.error(error);
        sendAnswer(res, errorAnswer(isMatrixError(error) ? error : internalError()), options);
      },
    );
    return true;
  };
}

/** The whole path, and the one below a mount, if the host has put something in front of it. */
function pathsOf({ url = "", originalUrl = url }: Partial<MountedRequest>): {
  mount: string;
  paths: readonly string[];
} {
  const whole = pathOf(originalUrl);
  const below = pathOf(url);
  const isMounted = originalUrl !== url && whole.endsWith(below);
  return isMounted ? { mount: whole.slice(0, -below.length), paths: [whole, below] } : { mount: "", paths: [whole] };
}

/** Does nothing if somebody (a timeout of the host's, say) has answered already. */
function sendPage(res: ServerResponse, { status, headers, body }: SsoAnswer): void {
  if (res.headersSent) return;
  res.statusCode = status;
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === "string") res.setHeader(name, value);
    else res.setHeader(name, [...[res.getHeader(name) ?? []].flat().map(String), ...value]);
  }
  res.setHeader("Content-Length", Buffer.byteLength(body));
  res.end(body);
}

/**
 * The fields of a form, whether or not a parser has read it.
 *
 * @throws MatrixError 413 `M_TOO_LARGE`
 */
async function formOf(req: IncomingMessage, limit: number): Promise<URLSearchParams> {
  const { body, rawBody } = req as MountedRequest;
  const parsed = body ?? rawBody;
  if (typeof parsed === "string") return new URLSearchParams(parsed);
  if (parsed instanceof Uint8Array) return new URLSearchParams(Buffer.from(parsed).toString());
  if (typeof parsed === "object" && parsed !== null && (req.readableEnded || Object.keys(parsed).length > 0)) {
    return new URLSearchParams(Object.entries(parsed).flatMap(fieldsOf));
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req as AsyncIterable<Buffer | string>) {
    const bytes = Buffer.from(chunk as string);
    size += bytes.length;
    if (size > limit) throw tooLarge();
    chunks.push(bytes);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString());
}

/** A field that came more than once is a list. */
function fieldsOf([name, value]: [string, unknown]): [string, string][] {
  return [value].flat().map((one) => [name, String(one)]);
}

/** As {@link browserHandler}, for requests of the Fetch standard. Undefined: it is the host's to answer. */
export async function browserFetch<Req extends Request>(
  sso: SingleSignOn<Req>,
  request: Req,
  path: string,
  context: LoginContext<Req>,
  options: Omit<BrowserOptions<Req>, "context">,
): Promise<Response | undefined> {
  const { method, headers: sent, url } = request;
  try {
    const asked = {
      ...context,
      method,
      path,
      query: new URL(url).search.slice(1),
      host: sent.get("host") ?? new URL(url).host,
      cookie: sent.get("cookie") ?? undefined,
      form: method === "POST" ? await fetchedForm(request, options.bodyLimit) : undefined,
    };
    const answer = await sso.handle(asked, options.unknownLoginType === "reject");
    if (answer === undefined) return undefined;
    const headers = new Headers();
    for (const [name, value] of Object.entries(answer.headers)) {
      for (const one of [value].flat()) headers.append(name, one);
    }
    return new Response(method === "HEAD" ? null : answer.body, { status: answer.status, headers });
  } catch (error) {
    if (!isMatrixError(error)) options.logger.error(error);
    return responseOf(errorAnswer(isMatrixError(error) ? error : internalError()), method, options);
  }
}

/** @throws MatrixError 413 `M_TOO_LARGE` */
async function fetchedForm({ body }: Request, limit: number): Promise<URLSearchParams> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > limit) throw tooLarge();
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString());
}
