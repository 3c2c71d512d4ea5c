import { isDeepStrictEqual } from "node:util";

import type { Request, RequestHandler } from "express";
import { MatrixError } from "matrix-jwt-login";

import type { Authentication } from "./access-tokens.js";
import type { Database } from "./database.js";
import type { AuthSession, InteractiveAuthSessions } from "./interactive-auth-sessions.js";
import type { Stages } from "./interactive-auth-stages.js";
import { badRequest, isObject, jsonObject, optionalString, type JsonObject } from "./request-body.js";
import type { Session } from "./sessions.js";

/** What a user must authenticate anew for. */
interface Operation<Parameters extends object> {
  /** Throws where the parameters can't be right, before anybody is asked for a password. What it gives is kept as JSON. */
  readonly parse: (body: JsonObject) => Parameters;
  /** What the user confirms, in words. */
  readonly describe: (parameters: Parameters) => string;
  /** In one transaction with the end of the session. What it resolves to is the answer. */
  readonly run: (user: Session, parameters: Parameters, database: Database) => Promise<object>;
}

export interface InteractiveAuthParts {
  readonly authentication: Authentication;
  readonly authSessions: InteractiveAuthSessions;
  readonly stages: Stages;
}

export type BehindAuth = <Parameters extends object>(operation: Operation<Parameters>) => RequestHandler[];

/** Client-Server API, "User-Interactive Authentication API": makes the handler of an endpoint that asks for it. */
export function interactiveAuth({ authentication, authSessions, stages }: InteractiveAuthParts): BehindAuth {
  const flows = stages.types.map((type) => ({ stages: [type] }));

  /** Undefined where the stage is passed; otherwise what the 401 says of it. */
  async function failureOf(session: AuthSession, auth: JsonObject, request: Request): Promise<object | undefined> {
    if (session.completedStage !== null) return undefined;
    const type = optionalString(auth, "type");
    if (type === undefined) return {};
    try {
      await stages.check(auth, session.userId, request);
    } catch (error) {
      if (error instanceof MatrixError && error.statusCode === 403) return error.toJSON();
      throw error;
    }
    await authSessions.complete(session, type);
    return undefined;
  }

  return ({ parse, describe, run }) => [
    authentication.unlocked,
    async (request, response) => {
      response.set("Cache-Control", "no-store");
      const user = authentication.sessionOf(request);
      const { userId } = user;
      const { auth: given, ...body } = jsonObject(request);
      const auth = authOf(given);
      const sessionId = optionalString(auth, "session");
      const operation = `${request.method} ${request.baseUrl}${request.path}`;

      const begin = () => {
        const parameters = parse(body);
        const description = describe(parameters);
        return authSessions.begin({ userId, operation, parameters: JSON.stringify(parameters), description });
      };
      const session = sessionId === undefined ? await begin() : await authSessions.find(sessionId, userId);
      if (session === undefined) throw unknownSession();
      if (session.operation !== operation || !keepsTo(session, body, parse)) throw operationChanged();

      const failure = await failureOf(session, auth, request);
      if (failure !== undefined) {
        // Each flow is one stage: who has completed any is through, and gets no such answer.
        response.status(401).json({ session: session.sessionId, flows, params: {}, completed: [], ...failure });
        return;
      }
      const parameters = JSON.parse(session.parameters) as ReturnType<typeof parse>;
      const answer = await authSessions.useUp(session, (database) => run(user, parameters, database));
      if (answer === undefined) throw unknownSession();
      response.json(answer);
    },
  ];
}

/**
 * A client may leave the parameters out later, and means those of its first request. It must not have one thing confirmed
 * and get another: Synapse warns of other parameters and takes them, this server does not.
 */
function keepsTo({ parameters }: AuthSession, body: JsonObject, parse: (body: JsonObject) => object): boolean {
  return Object.keys(body).length === 0 || isDeepStrictEqual(parse(body), JSON.parse(parameters));
}

function authOf(auth: unknown): JsonObject {
  if (auth === undefined || auth === null) return {};
  if (!isObject(auth)) throw badRequest("M_BAD_JSON", "auth must be an object");
  return auth;
}

// Both as Synapse answers them.
const unknownSession = (): MatrixError => badRequest("M_UNKNOWN", "Unknown session ID");
const operationChanged = (): MatrixError =>
  new MatrixError("M_UNKNOWN", "The requested operation has changed during the authentication session");
