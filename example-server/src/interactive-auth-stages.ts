import type { Request } from "express";
import { MatrixError, type JwtLogin } from "matrix-jwt-login";

import { checkPassword, namedUserId, wrongPassword } from "./password-check.js";
import { requiredString, type JsonObject } from "./request-body.js";
import type { Users } from "./users.js";

/** By what users authenticate anew. Each stage is a flow by itself. */
export interface Stages {
  readonly types: readonly string[];
  /**
   * Whether `auth` proves that the user asks.
   *
   * @throws MatrixError - a 403 is a stage that failed, and may be tried again; any other status is the answer
   */
  readonly check: (auth: JsonObject, userId: string, request: Request) => Promise<void>;
}

export interface StagesParts {
  readonly serverName: string;
  readonly users: Users;
  /** The logins by token, each with its types. */
  readonly jwtLogins: readonly [JwtLogin<Request>, ...JwtLogin<Request>[]];
}

/** Flows that tell what a browser does, and no type that a token comes with. */
const browserTypes = ["m.login.sso", "m.login.token"];

export function createStages({ serverName, users, jwtLogins }: StagesParts): Stages {
  const loginOf = new Map(
    jwtLogins.flatMap((jwtLogin) =>
      jwtLogin.flows.filter(({ type }) => !browserTypes.includes(type)).map(({ type }) => [type, jwtLogin] as const),
    ),
  );
  const sso = jwtLogins.some((jwtLogin) => jwtLogin.sso !== undefined) ? ["m.login.sso"] : [];
  return {
    types: ["m.login.password", ...loginOf.keys(), ...sso],

    check: async (auth, userId, request) => {
      if (auth["type"] === "m.login.password") {
        const password = requiredString(auth, "password");
        // Another user's password is not even looked at: nobody is to find passwords out here.
        if (namedUserId(auth, serverName) !== userId) throw wrongPassword();
        await checkPassword(users, userId, password);
        return;
      }
      if (auth["type"] === "m.login.sso") {
        // Its page completes the session in a browser; who comes before that is not done yet.
        throw new MatrixError("M_FORBIDDEN", "Sign in again in the browser first");
      }
      // A type that is none of ours is refused there, as at a login.
      const jwtLogin = loginOf.get(String(auth["type"])) ?? jwtLogins[0];
      await jwtLogin.reauthenticate(auth, userId, { ip: request.ip, req: request });
    },
  };
}
