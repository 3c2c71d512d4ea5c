import { Router } from "express";

import { methodNotAllowed } from "./errors.js";

/** Client-Server API, "Well-known URI". */
export type WellKnown = Readonly<Record<"m.homeserver", { readonly base_url: string }>>;

/** What a client asks before it knows anybody here. */
export function discovery(wellKnown: WellKnown): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route("/.well-known/matrix/client")
    .get((_request, response) => {
      response.json(wellKnown);
    })
    .all(methodNotAllowed);
  router
    .route("/_matrix/client/versions")
    .get((_request, response) => {
      response.json({ versions });
    })
    .all(methodNotAllowed);
  return router;
}

// From the first with /v3 paths to the one that brought M_USER_LOCKED.
const versions = Array.from({ length: 12 }, (_, index) => `v1.${String(index + 1)}`);
