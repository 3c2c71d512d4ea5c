import { Router } from "express";

import { methodNotAllowed } from "./errors.js";

/** For whoever watches over the process: `/health`, whether it runs; `/ready`, whether it can log anybody in now. */
export function health(ready: () => Promise<void>): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route("/health")
    .get((_request, response) => {
      response.json({ status: "up" });
    })
    .all(methodNotAllowed);
  router
    .route("/ready")
    .get(async (_request, response) => {
      const isReady = await ready().then(
        () => true,
        () => false,
      );
      response
        .status(isReady ? 200 : 503)
        .set("Cache-Control", "no-store")
        .json({ status: isReady ? "ready" : "not ready" });
    })
    .all(methodNotAllowed);
  return router;
}
