import { failed } from "../../http/endpoint.js";
import { takeForm as takeFetchedForm } from "../../http/fetch/body.js";
import { GONE, pageResponse, responseOf } from "../../http/fetch/send.js";
import { takeForm } from "../../http/node/body.js";
import { BodyStream } from "../../http/node/body-stream.js";
import type { NodeRequest, NodeResponse } from "../../http/node/request.js";
import { sendAnswer, sendPage } from "../../http/node/send.js";
import { isLoginPath, type MountedRequest, pathsUnder } from "../../http/routes.js";
import type { LoginContext } from "../../login/options.js";
import type { SsoAnswer } from "../../sso/answer.js";
import type { SingleSignOn } from "../../sso/single-sign-on.js";
import type { Logger } from "../../support/logger.js";
import { once } from "../../support/once.js";

interface BrowserOptions<Req> {
  readonly cors: boolean;
  readonly bodyLimit: number;
  /** What an unknown provider comes to. */
  readonly unknownLoginType: "next" | "reject";
  /** Of a request. */
  readonly context: (req: Req) => LoginContext<Req>;
  readonly logger: Logger;
}

/** Answers a request for single sign-on. False if it is none; then nothing was done. */
export type BrowserHandler<Req> = (
  req: Req,
  res: NodeResponse,
  pass: () => void,
  fail: (error: unknown) => void,
) => boolean;

/** Single sign-on for requests and responses of Node's. */
export function browserHandler<Req extends NodeRequest>(
  sso: SingleSignOn<Req>,
  options: BrowserOptions<Req>,
): BrowserHandler<Req> {
  const { bodyLimit, unknownLoginType, context, logger } = options;
  const tellOfMount = mountCheck(sso, logger);

  const answer = async (
    req: Req,
    res: NodeResponse,
    stream: BodyStream,
    path: string,
  ): Promise<SsoAnswer | "gone" | undefined> => {
    const known = context(req);
    const form = req.method === "POST" ? await takeForm(req, res, stream, bodyLimit) : undefined;
    if (form === "gone") return form;
    const { originalUrl = req.url } = req as MountedRequest;
    const [, query = ""] = /\?([^#]*)/.exec(String(originalUrl)) ?? [];
    const request = {
      ...known,
      method: String(req.method),
      path,
      query,
      host: req.headers.host ?? (req.headers[":authority"] as string | undefined),
      cookie: req.headers.cookie,
      form,
    };
    return sso.handle(request, unknownLoginType === "reject");
  };

  return (req, res, pass, fail) => {
    const { mount, paths } = pathsUnder(req);
    const path = paths.find((one) => sso.handles(String(req.method), one));
    const isWhole = path === paths[0] || isLoginPath(paths[0]);
    if (path !== undefined || isWhole) tellOfMount(mount, isWhole);
    if (path === undefined) return false;
    const stream = new BodyStream(req);
    answer(req, res, stream, path)
      .then(
        (answered) => {
          if (answered === undefined) return true;
          if (answered !== "gone") sendPage(res, answered);
          return false;
        },
        (error: unknown) => {
          sendAnswer(res, failed(error, logger), options);
          return false;
        },
      )
      .then((isHosts) => {
        stream.release(isHosts);
        if (isHosts) pass();
      }, fail);
    return true;
  };
}

/**
 * Makes a check that tells the logger once if the provider's answers do not come to where the middleware is mounted.
 *
 * @returns called with the mount, and whether the request's path is one of ours as the client sent it
 */
function mountCheck(
  { callbackPath, callbackUrl }: Pick<SingleSignOn, "callbackPath" | "callbackUrl">,
  logger: Logger,
): (mount: string, isWhole: boolean) => void {
  // A proxy may take away any of what `publicBaseUrl` ends in; some routers take a mount in any case.
  const path = new URL(callbackUrl).pathname.toLowerCase();
  const isReached = (mount: string): boolean => {
    const at = path.indexOf(`${mount.toLowerCase()}/`);
    return at !== -1 && at <= path.length - callbackPath.length;
  };
  const tell = once((mount: string, remedy: string) => {
    logger.error(
      `matrix-jwt-login: the middleware is mounted at ${JSON.stringify(mount)}, where sso.callbackPath cannot be reached: ` +
        `providers send browsers back to ${callbackUrl}; ${remedy}`,
    );
  });
  return (mount, isWhole) => {
    if (mount === "" || isReached(mount)) return;
    tell(
      mount,
      isWhole
        ? "mount it at the root, or set callbackPath to a path below that"
        : `let publicBaseUrl end in ${mount}, unless a proxy puts that in front of paths`,
    );
  };
}

/** As {@link browserHandler}, for requests of the Fetch standard. Undefined: it is the host's to answer. */
export async function browserFetch<Req extends Request>(
  sso: SingleSignOn<Req>,
  request: Req,
  path: string,
  context: () => LoginContext<Req>,
  options: Omit<BrowserOptions<Req>, "context">,
): Promise<Response | undefined> {
  const { method, headers: sent, url } = request;
  try {
    const known = context();
    const form = method === "POST" ? await takeFetchedForm(request, options.bodyLimit) : undefined;
    if (form === "gone") return new Response(null, GONE);
    const asked = {
      ...known,
      method,
      path,
      query: new URL(url).search.slice(1),
      host: sent.get("host") ?? new URL(url).host,
      cookie: sent.get("cookie") ?? undefined,
      form,
    };
    const answer = await sso.handle(asked, options.unknownLoginType === "reject");
    if (answer === undefined) return undefined;
    return pageResponse(answer, method);
  } catch (error) {
    return responseOf(failed(error, options.logger), method, options);
  }
}
