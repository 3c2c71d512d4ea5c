import { randomInt } from "node:crypto";

import { Router } from "express";

import type { WellKnown } from "./discovery.js";
import { methodNotAllowed } from "./errors.js";
import { checkPassword, namedUserId } from "./password-check.js";
import { badRequest, jsonObject, optionalString, readJson, requiredString, type JsonObject } from "./request-body.js";
import type { Sessions } from "./sessions.js";
import type { Users } from "./users.js";

export interface PasswordLoginParts {
  readonly serverName: string;
  readonly users: Users;
  readonly sessions: Sessions;
  readonly wellKnown: WellKnown;
}

/** The login that this server had before it had the JWT ones. Nothing in it knows of them. */
export function passwordLogin({ serverName, users, sessions, wellKnown }: PasswordLoginParts): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route("/login")
    .get((_request, response) => {
      response.json({ flows: [{ type: "m.login.password" }] });
    })
    .post(readJson, async (request, response) => {
      const { password, ...submission } = parseSubmission(jsonObject(request), serverName);
      const { deviceId, deviceDisplayName, refreshable } = submission;

      const user = await checkPassword(users, submission.userId, password);
      const tokens = await sessions.create({ userId: user.userId, deviceId, deviceDisplayName, refreshable });
      response.set("Cache-Control", "no-store").json({
        user_id: user.userId,
        access_token: tokens.accessToken,
        device_id: deviceId,
        home_server: serverName,
        refresh_token: tokens.refreshToken,
        expires_in_ms: tokens.expiresInMs,
        well_known: wellKnown,
      });
    })
    .all(methodNotAllowed);
  return router;
}

function parseSubmission(body: JsonObject, serverName: string) {
  const type = requiredString(body, "type");
  if (type !== "m.login.password") throw badRequest("M_UNKNOWN", "Unknown login type");

  const deviceId = optionalString(body, "device_id") ?? newDeviceId();
  if (deviceId.length > 512) throw badRequest("M_INVALID_PARAM", "device_id is too long");

  const refreshable = body["refresh_token"] ?? false;
  if (typeof refreshable !== "boolean") throw badRequest("M_INVALID_PARAM", "refresh_token must be a boolean");

  return {
    userId: namedUserId(body, serverName),
    password: requiredString(body, "password"),
    deviceId,
    deviceDisplayName: optionalString(body, "initial_device_display_name"),
    refreshable,
  };
}

const newDeviceId = (): string => Array.from({ length: 10 }, () => String.fromCharCode(randomInt(65, 91))).join("");
