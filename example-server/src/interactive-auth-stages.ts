import type { Request } from "express";
import type { JwtLogin } from "matrix-jwt-login";

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
  readonly jwtLogin: JwtLogin<Request>;
}

export function createStages({ serverName, users, jwtLogin }: StagesParts): Stages {
  return {
    types: ["m.login.password", ...jwtLogin.flows.map(({ type }) => type)],

    check: async (auth, userId, request) => {
      if (auth["type"] === "m.login.password") {
        const password = requiredString(auth, "password");
        // Another user's password is not even looked at: nobody is to find passwords out here.
        if (namedUserId(auth, serverName) !== userId) throw wrongPassword();
        await checkPassword(users, userId, password);
        return;
      }
      // A type that is none of ours is refused there, as at a login.
      await jwtLogin.reauthenticate(auth, userId, { ip: request.ip, req: request });
    },
  };
}
