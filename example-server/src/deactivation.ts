import { Router } from "express";

import { methodNotAllowed } from "./errors.js";
import type { BehindAuth } from "./interactive-auth.js";
import { badRequest, readJson, type JsonObject } from "./request-body.js";
import type { Sessions } from "./sessions.js";
import type { Users } from "./users.js";

export function deactivation(users: Users, sessions: Sessions, behindAuth: BehindAuth): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route("/account/deactivate")
    .post(
      readJson,
      behindAuth({
        parse: (body) => ({ erase: erasureIn(body) }),
        describe: () => "Deactivate your account for good",
        // There is nothing to erase here: this server holds no events.
        run: async (user, _parameters, database) => {
          await users.deactivate(user.userId, database);
          await sessions.endAll(user, database);
          // As the spec has it where the user has no identifiers to unbind.
          return { id_server_unbind_result: "success" };
        },
      }),
    )
    .all(methodNotAllowed);
  return router;
}

function erasureIn({ erase = false }: JsonObject): boolean {
  if (typeof erase !== "boolean") throw badRequest("M_INVALID_PARAM", "erase must be a boolean");
  return erase;
}
