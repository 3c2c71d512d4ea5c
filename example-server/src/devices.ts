import { Router } from "express";

import type { Authentication } from "./access-tokens.js";
import { methodNotAllowed } from "./errors.js";
import type { BehindAuth } from "./interactive-auth.js";
import { badRequest, isCleanText, readJson, type JsonObject } from "./request-body.js";
import type { Sessions } from "./sessions.js";

export function devices(sessions: Sessions, { unlocked, sessionOf }: Authentication, behindAuth: BehindAuth): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route("/devices")
    .get(unlocked, async (request, response) => {
      const found = await sessions.devicesOf(sessionOf(request).userId);
      response.set("Cache-Control", "no-store").json({
        devices: found.map(({ deviceId, displayName }) => ({
          device_id: deviceId,
          ...(displayName !== null && { display_name: displayName }),
        })),
      });
    })
    .all(methodNotAllowed);
  router
    .route("/delete_devices")
    .post(
      readJson,
      behindAuth({
        parse: (body) => ({ devices: deviceIdsIn(body) }),
        describe: (parameters) => `Delete the devices ${parameters.devices.join(", ").slice(0, 200)}`,
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
