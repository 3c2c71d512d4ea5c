/** A request as Express hands it on, where `url` changes under a mount and `originalUrl` does not; or as Node does. */
export interface MountedRequest {
  readonly url: string;
  readonly originalUrl?: string;
  readonly baseUrl?: string;
}

const LOGIN_PATHS: ReadonlySet<string> = new Set(
  ["api/v1", "r0", "v3", "unstable"].map((version) => `/_matrix/client/${version}/login`),
);

/** Is the request for a login endpoint: one of the specification's, or one that we are mounted on by its whole path? */
export function isLogin(req: MountedRequest): boolean {
  const path = pathOf(req.originalUrl ?? req.url);
  return LOGIN_PATHS.has(path) || (path === req.baseUrl && path.endsWith("/login"));
}

/** The path alone, of a target in origin or absolute form (RFC 9112 sections 3.2.1 and 3.2.2). */
function pathOf(target: string): string {
  const path = target.startsWith("/") ? target : target.replace(/^https?:\/\/[^/?#]*/i, "");
  const end = path.search(/[?#]/);
  return end === -1 ? path : path.slice(0, end);
}
