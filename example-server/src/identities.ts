import { Router } from "express";

import type { Authentication } from "./access-tokens.js";
import { methodNotAllowed } from "./errors.js";
import type { ExternalIds } from "./external-ids.js";

/** The identities that lead to one's account. No part of the specification, so on a path of its own. */
export function identities(externalIds: ExternalIds, { unlocked, sessionOf }: Authentication): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route("/identities")
    .get(unlocked, async (request, response) => {
      const linked = await externalIds.of(sessionOf(request).userId);
      response.set("Cache-Control", "no-store").json({ identities: linked });
    })
    .all(methodNotAllowed);
  return router;
}
