import type { Request } from "express";
import { MatrixError } from "matrix-jwt-login";

import type { Session, Sessions } from "./sessions.js";
import { lockedError } from "./users.js";

/** Whose request it is, by its access token. A locked account's is good for logging out, and no more. */
export async function authenticate(request: Request, sessions: Sessions): Promise<Session> {
  const token = accessTokenOf(request);
  if (token === undefined) throw new MatrixError("M_MISSING_TOKEN", "Missing access token", { statusCode: 401 });
  const session = await sessions.find(token);
  if (session === undefined || session.userStatus === "deactivated") throw unknownToken("Unknown access token");
  if (session.expired) throw unknownToken("The access token has expired", { soft_logout: true });
  return session;
}

export async function authenticateUnlocked(request: Request, sessions: Sessions): Promise<Session> {
  const session = await authenticate(request, sessions);
  if (session.userStatus === "locked") throw lockedError();
  return session;
}

// Client-Server API, "Using access tokens": the header, or the query parameter that is on its way out.
function accessTokenOf({ headers, query }: Request): string | undefined {
  const [, fromHeader] = /^Bearer +(\S+)$/i.exec(headers.authorization ?? "") ?? [];
  const fromQuery = query["access_token"];
  return fromHeader ?? (typeof fromQuery === "string" && fromQuery !== "" ? fromQuery : undefined);
}

export const unknownToken = (message: string, fields: Record<string, unknown> = {}): MatrixError =>
  new MatrixError("M_UNKNOWN_TOKEN", message, { statusCode: 401, fields });
