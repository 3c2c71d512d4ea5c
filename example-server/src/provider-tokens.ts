import { Router } from "express";
import { matrixBearerAuth } from "matrix-jwt-login";

import { requireActive } from "./users.js";
import type { JwtLoginParts } from "./jwt-login.js";

/**
 * The identity provider's own access tokens, without a login in between: `whoami` takes them, and clients are told where to
 * get them. A real server would have this in front of all its endpoints.
 */
export function providerTokens(parts: JwtLoginParts): Router {
  const { serverName, users, externalIds, identityProvider, keyCache, log, metrics } = parts;
  const auth = matrixBearerAuth({
    serverName,
    tokens: {
      issuer: identityProvider.issuer,
      discover: true,
      audience: identityProvider.audience,
      tokenType: "at+jwt",
      requiredScopes: ["urn:matrix:client:api:*"],
      jwksOptions: metrics.jwksOptions,
    },
    keyCache,
    externalIds: { find: (externalId) => externalIds.find(externalId) },
    // All other tokens are this server's own to check.
    otherTokens: "next",
    logger: log,
    findUser: async (userId) => {
      const user = await users.find(userId);
      if (user !== undefined) requireActive(user);
      return user;
    },
  });
  const router = Router({ caseSensitive: true, strict: true });
  router.get(
    ["/_matrix/client/v3/account/whoami", "/_matrix/client/r0/account/whoami"],
    auth,
    (request, response, next) => {
      if (!("matrix" in request)) {
        next();
        return;
      }
      const { userId, deviceId } = auth.of(request);
      response.set("Cache-Control", "no-store").json({ user_id: userId, device_id: deviceId, is_guest: false });
    },
  );
  router.get("/_matrix/client/v1/auth_metadata", auth.metadata);
  return router;
}
