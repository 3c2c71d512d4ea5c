import type { Request, RequestHandler } from "express";
import { createAccessTokens, matrixBearerAuth, MatrixError, type AccessTokens } from "matrix-jwt-login";
import type { Logger } from "pino";

import type { Session, Sessions, TokenMaker } from "./sessions.js";
import { lockedError } from "./users.js";

/** Whose request it is, by its access token: handlers in front of endpoints, and what they found. */
export interface Authentication {
  /** For everybody but locked accounts. */
  readonly unlocked: RequestHandler;
  /** A locked account's token is good for logging out, and no more (Client-Server API, "Account locking"). */
  readonly lockedToo: RequestHandler;
  readonly sessionOf: (request: Request) => Session;
}

/** Access tokens that say nothing, and are looked up on every request. */
export const opaqueTokens =
  (lifetimeMs: number): TokenMaker =>
  (handle, _device, refreshable) =>
    refreshable ? { accessToken: handle, expiresInMs: lifetimeMs } : { accessToken: handle };

export function opaqueAuthentication(sessions: Sessions): Authentication {
  const found = new WeakMap<Request, Session>();
  const authenticate = async (request: Request): Promise<Session> => {
    const token = accessTokenOf(request);
    if (token === undefined) throw new MatrixError("M_MISSING_TOKEN", "Missing access token", { statusCode: 401 });
    const session = await usable(sessions, token);
    if (session === undefined) throw unknownToken("Unknown access token");
    found.set(request, session);
    return session;
  };
  return {
    unlocked: async (request, _response, next) => {
      requireUnlocked(await authenticate(request));
      next();
    },
    lockedToo: async (request, _response, next) => {
      await authenticate(request);
      next();
    },
    sessionOf: (request) => {
      const session = found.get(request);
      if (session === undefined) throw new Error("The endpoint has no authentication in front of it");
      return session;
    },
  };
}

export interface JwtAuthenticationParts {
  readonly serverName: string;
  readonly sessions: Sessions;
  readonly accessTokens: AccessTokens;
  readonly log: Logger;
}

/** A token that cannot be refreshed lives for as long as the package lets one live. */
const LONGEST_LIFETIME = 604_800;

/** JSON Web Tokens (RFC 9068). The claim `sid` leads to the session, so that a logout works at once. */
export const jwtTokens =
  (accessTokens: AccessTokens, lifetimeMs: number): TokenMaker =>
  (handle, device, refreshable) => {
    const lifetime = refreshable ? lifetimeMs / 1000 : LONGEST_LIFETIME;
    const { accessToken, expiresInMs = 0 } = accessTokens.issue(device, { lifetime, claims: { sid: handle } });
    return { accessToken, expiresInMs };
  };

export function jwtAuthentication(parts: JwtAuthenticationParts): Authentication {
  const { serverName, sessions, accessTokens, log } = parts;
  const options = { serverName, tokens: accessTokens.verification, logger: log };
  // Asked on every request. Without it no database would be, and a session that was ended would go on until its token expires.
  const lockedToo = matrixBearerAuth({
    ...options,
    findUser: (_userId, { claims }) => usable(sessions, String(claims["sid"])),
  });
  return {
    lockedToo,
    unlocked: (request, response, next) => {
      lockedToo(request, response, (error) => {
        if (error === undefined) requireUnlocked(lockedToo.of(request).user);
        next(error);
      });
    },
    sessionOf: (request) => lockedToo.of(request).user,
  };
}

/** A JWT's issuer and audience are this server, whichever of its replicas made it. */
export const createOwnTokens = (issuer: string, signingKeyFile: string): AccessTokens =>
  createAccessTokens({ issuer, audience: "matrix-client-api", signingKeyFile });

async function usable(sessions: Sessions, handle: string): Promise<Session | undefined> {
  const session = await sessions.find(handle);
  if (session === undefined || session.userStatus === "deactivated") return undefined;
  if (session.expired) throw unknownToken("The access token has expired", { soft_logout: true });
  return session;
}

function requireUnlocked(session: Session): void {
  if (session.userStatus === "locked") throw lockedError();
}

// Client-Server API, "Using access tokens": the header, or the query parameter that is on its way out.
function accessTokenOf({ headers, query }: Request): string | undefined {
  const [, fromHeader] = /^Bearer +(\S+)$/i.exec(headers.authorization ?? "") ?? [];
  const fromQuery = query["access_token"];
  return fromHeader ?? (typeof fromQuery === "string" && fromQuery !== "" ? fromQuery : undefined);
}

export const unknownToken = (message: string, fields: Record<string, unknown> = {}): MatrixError =>
  new MatrixError("M_UNKNOWN_TOKEN", message, { statusCode: 401, fields });
