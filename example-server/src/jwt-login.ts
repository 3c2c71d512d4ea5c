import { matrixJwtLogin } from "matrix-jwt-login";
import type { Logger } from "pino";

import type { WellKnown } from "./discovery.js";
import type { IdentityProvider } from "./identity-provider.js";
import type { Limits } from "./limits.js";
import { loginEvents } from "./login-events.js";
import type { Metrics } from "./metrics.js";
import type { Sessions } from "./sessions.js";
import { requireActive, type Users } from "./users.js";

export interface JwtLoginParts {
  readonly serverName: string;
  readonly users: Users;
  readonly sessions: Sessions;
  readonly jwtSecret: string;
  readonly identityProvider: IdentityProvider;
  readonly wellKnown: WellKnown;
  /** A token logs in once. */
  readonly singleUse: boolean;
  readonly limits: Limits;
  readonly log: Logger;
  readonly metrics: Metrics;
}

export function jwtLogin(parts: JwtLoginParts) {
  const { serverName, users, sessions, jwtSecret, identityProvider, wellKnown, singleUse, limits, log, metrics } =
    parts;
  return matrixJwtLogin({
    serverName,
    wellKnown,
    loginTypes: {
      "org.matrix.login.jwt": {
        secret: jwtSecret,
        algorithms: ["HS256"],
        displayNameClaim: "name",
        allowRegistration: true,
        singleUse,
      },
      "com.famedly.login.token": {
        issuer: identityProvider.issuer,
        discover: true,
        audience: identityProvider.audience,
        // Access tokens only: an ID token of the same provider tells its own client who signed in, and logs nobody in.
        tokenType: "at+jwt",
        // Plain HTTP is for loopback addresses otherwise. This URL is the server's own, wherever it listens.
        jwksOptions: { allowHttp: true, fetch: metrics.fetchKeys },
        singleUse,
      },
    },

    rateLimits: limits.rateLimits,
    ...(limits.usedTokens && { usedTokens: limits.usedTokens }),
    logger: log,
    ...loginEvents(log, metrics),

    findUser: async (userId) => {
      const user = await users.find(userId);
      if (user !== undefined) requireActive(user);
      return user;
    },

    registerUser: (userId, login) =>
      users.create({ userId, displayName: login.displayName ?? null, passwordHash: null, status: "active" }),

    issueToken: (user, login) =>
      sessions.create({
        userId: user.userId,
        deviceId: login.deviceId,
        deviceDisplayName: login.initialDeviceDisplayName,
        refreshable: login.refreshToken,
      }),
  });
}
