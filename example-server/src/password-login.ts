import { randomInt } from "node:crypto";

import { Router } from "express";
import { MatrixError } from "matrix-jwt-login";

import type { WellKnown } from "./discovery.js";
import { methodNotAllowed } from "./errors.js";
import { verifyPassword } from "./passwords.js";
import {
  badRequest,
  isObject,
  jsonObject,
  optionalString,
  readJson,
  requiredString,
  type JsonObject,
} from "./request-body.js";
import type { Sessions } from "./sessions.js";
import { requireActive, type Users } from "./users.js";

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
      const { user: name, password, deviceId, deviceDisplayName, refreshable } = parseSubmission(jsonObject(request));

      const user = await users.find(name.startsWith("@") ? name : `@${name}:${serverName}`);
      const isRight = await verifyPassword(password, user?.passwordHash);
      if (user === undefined || !isRight) throw new MatrixError("M_FORBIDDEN", "Wrong user name or password");
      // Only whoever knows the password learns that the account is locked.
      requireActive(user);

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

function parseSubmission(body: JsonObject) {
  const type = requiredString(body, "type");
  if (type !== "m.login.password") throw badRequest("M_UNKNOWN", "Unknown login type");

  const deviceId = optionalString(body, "device_id") ?? newDeviceId();
  if (deviceId.length > 512) throw badRequest("M_INVALID_PARAM", "device_id is too long");

  const refreshable = body["refresh_token"] ?? false;
  if (typeof refreshable !== "boolean") throw badRequest("M_INVALID_PARAM", "refresh_token must be a boolean");

  return {
    user: parseIdentifier(body),
    password: requiredString(body, "password"),
    deviceId,
    deviceDisplayName: optionalString(body, "initial_device_display_name"),
    refreshable,
  };
}

// Client-Server API, "Identifier types". The top-level `user` is what came before them, and clients still send it.
function parseIdentifier(body: JsonObject): string {
  const identifier = body["identifier"];
  if (identifier === undefined) return requiredString(body, "user");
  if (!isObject(identifier) || identifier["type"] !== "m.id.user") {
    throw badRequest("M_INVALID_PARAM", "identifier must be of the type m.id.user");
  }
  return requiredString(identifier, "user");
}

const newDeviceId = (): string => Array.from({ length: 10 }, () => String.fromCharCode(randomInt(65, 91))).join("");
