import { matrixJwtLogin } from "matrix-jwt-login";

import type { WellKnown } from "./discovery.js";
import type { IdentityProvider } from "./identity-provider.js";
import type { Sessions } from "./sessions.js";
import { requireActive, type Users } from "./users.js";

export interface JwtLoginParts {
  readonly serverName: string;
  readonly users: Users;
  readonly sessions: Sessions;
  readonly jwtSecret: string;
  readonly identityProvider: IdentityProvider;
  readonly wellKnown: WellKnown;
}

export function jwtLogin({ serverName, users, sessions, jwtSecret, identityProvider, wellKnown }: JwtLoginParts) {
  return matrixJwtLogin({
    serverName,
    wellKnown,
    loginTypes: {
      "org.matrix.login.jwt": {
        secret: jwtSecret,
        algorithms: ["HS256"],
        displayNameClaim: "name",
        allowRegistration: true,
      },
      "com.famedly.login.token": {
        jwksUri: identityProvider.jwksUri,
        // Plain HTTP is for loopback addresses otherwise. This URL is the server's own, wherever it listens.
        jwksOptions: { allowHttp: true },
        issuer: identityProvider.issuer,
        audience: identityProvider.audience,
      },
    },

    findUser: (userId) => {
      const user = users.find(userId);
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
