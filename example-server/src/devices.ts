import { Router } from "express";

import { methodNotAllowed } from "./errors.js";
import type { BehindAuth } from "./interactive-auth.js";
import { badRequest, isCleanText, readJson, type JsonObject } from "./request-body.js";
import type { Sessions } from "./sessions.js";

export function devices(sessions: Sessions, behindAuth: BehindAuth): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route("/delete_devices")
    .post(
      readJson,
      behindAuth({
        parse: (body) => ({ devices: deviceIdsIn(body) }),
        run: async (user, parameters, database) => {
          await sessions.endDevices(user.userId, parameters.devices, database);
          return {};
        },
      }),
    )
    .all(methodNotAllowed);
  return router;
}

function deviceIdsIn({ devices: ids }: JsonObject): readonly string[] {
  if (ids === undefined) throw badRequest("M_MISSING_PARAM", "devices is required");
  const isDeviceId = (id: unknown): id is string => typeof id === "string" && isCleanText(id);
  if (!Array.isArray(ids) || !ids.every(isDeviceId)) {
    throw badRequest("M_INVALID_PARAM", "devices must be a list of strings");
  }
  return ids;
}
