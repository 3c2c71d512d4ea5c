import { Router } from "express";

import { unknownToken, type Authentication } from "./access-tokens.js";
import { methodNotAllowed } from "./errors.js";
import { jsonObject, readJson, requiredString } from "./request-body.js";
import type { Sessions } from "./sessions.js";
import { lockedError } from "./users.js";

/** What one does with the tokens that a login gave, whichever login it was. */
export function account(sessions: Sessions, { unlocked, lockedToo, sessionOf }: Authentication): Router {
  const router = Router({ caseSensitive: true, strict: true });

  router
    .route("/account/whoami")
    .get(unlocked, (request, response) => {
      const session = sessionOf(request);
      response
        .set("Cache-Control", "no-store")
        .json({ user_id: session.userId, device_id: session.deviceId, is_guest: false });
    })
    .all(methodNotAllowed);

  router
    .route("/logout")
    .post(lockedToo, async (request, response) => {
      await sessions.end(sessionOf(request));
      response.json({});
    })
    .all(methodNotAllowed);

  router
    .route("/logout/all")
    .post(lockedToo, async (request, response) => {
      await sessions.endAll(sessionOf(request));
      response.json({});
    })
    .all(methodNotAllowed);

  router
    .route("/refresh")
    .post(readJson, async (request, response) => {
      const session = await sessions.findByRefreshToken(requiredString(jsonObject(request), "refresh_token"));
      if (session === undefined || session.userStatus === "deactivated") throw unknownToken("Unknown refresh token");
      if (session.userStatus === "locked") throw lockedError();
      const tokens = await sessions.refresh(session);
      if (tokens === undefined) throw unknownToken("Unknown refresh token");
      response.set("Cache-Control", "no-store").json({
        access_token: tokens.accessToken,
        refresh_token: tokens.refreshToken,
        expires_in_ms: tokens.expiresInMs,
      });
    })
    .all(methodNotAllowed);

  return router;
}
