import type { Request } from "express";
import {
  matrixJwtLogin,
  type KeyCache,
  type LoginTypeOptions,
  type SsoOptions,
  type VerifiedLogin,
} from "matrix-jwt-login";
import type { Logger } from "pino";

import type { WellKnown } from "./discovery.js";
import type { ExternalIds } from "./external-ids.js";
import type { IdentityProvider } from "./identity-provider.js";
import type { Limits } from "./limits.js";
import { loginEvents } from "./login-events.js";
import type { Metrics } from "./metrics.js";
import type { Sessions } from "./sessions.js";
import { requireActive, type User, type Users } from "./users.js";

export interface JwtLoginParts {
  readonly serverName: string;
  readonly users: Users;
  readonly sessions: Sessions;
  readonly externalIds: ExternalIds;
  readonly jwtSecret: string;
  readonly identityProvider: IdentityProvider;
  /** Whoever the identity provider knows gets an account. */
  readonly registerUsers: boolean;
  /** Undefined: browsers can't sign in here. */
  readonly sso: SsoOptions | undefined;
  /** What is fetched once for logins, browsers and access tokens. */
  readonly keyCache: KeyCache;
  readonly wellKnown: WellKnown;
  /** A token logs in once. */
  readonly singleUse: boolean;
  readonly limits: Limits;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** By a backend of our own, which shares a secret with us: its user names are ours. */
export function secretLogin(parts: JwtLoginParts) {
  return matrixJwtLogin({ ...commonOptions(parts), loginTypes: secretLoginTypes(parts) });
}

export function secretLoginTypes({ jwtSecret, singleUse }: JwtLoginParts) {
  return {
    "org.matrix.login.jwt": {
      secret: jwtSecret,
      algorithms: ["HS256"],
      displayNameClaim: "name",
      allowRegistration: true,
      singleUse,
    },
  } satisfies LoginTypes;
}

/** What takes the identity provider's tokens. */
export const providerLoginType = "com.famedly.login.token";

/** By identity providers, which may give a user name to somebody else: accounts are linked to `iss` and `sub`. */
export function providerLogin(parts: JwtLoginParts) {
  const { sso, externalIds, keyCache } = parts;
  return matrixJwtLogin({
    ...commonOptions(parts),
    loginTypes: providerLoginTypes(parts),
    ...(sso && { sso }),
    keyCache,
    externalIds: {
      find: (externalId) => externalIds.find(externalId),
      link: (externalId, userId) => externalIds.link(externalId, userId),
    },
  });
}

export function providerLoginTypes({ identityProvider, registerUsers, singleUse, metrics }: JwtLoginParts) {
  return {
    [providerLoginType]: {
      issuer: identityProvider.issuer,
      discover: true,
      audience: identityProvider.audience,
      // Access tokens only: an ID token of the same provider tells its own client who signed in, and logs nobody in.
      tokenType: "at+jwt",
      displayNameClaim: "name",
      allowRegistration: registerUsers,
      jwksOptions: metrics.jwksOptions,
      singleUse,
    },
  } satisfies LoginTypes;
}

type LoginTypes = Readonly<Record<string, LoginTypeOptions>>;

function commonOptions({ serverName, users, sessions, wellKnown, limits, log, metrics }: JwtLoginParts) {
  return {
    serverName,
    wellKnown,
    rateLimits: limits.rateLimits,
    ...(limits.usedTokens && { usedTokens: limits.usedTokens }),
    logger: log,
    ...loginEvents(log, metrics),

    findUser: async (userId: string) => {
      const user = await users.find(userId);
      if (user !== undefined) requireActive(user);
      return user;
    },

    registerUser: (userId: string, { displayName, externalId }: VerifiedLogin<Request>) =>
      users.create({ userId, displayName: displayName ?? null, passwordHash: null, status: "active" }, externalId),

    issueToken: (user: User, login: VerifiedLogin<Request>) =>
      sessions.create({
        userId: user.userId,
        deviceId: login.deviceId,
        deviceDisplayName: login.initialDeviceDisplayName,
        refreshable: login.refreshToken,
        provider: login.sso,
      }),
  };
}
