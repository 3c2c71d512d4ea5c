import type { Generated } from "kysely";

export type UserStatus = "active" | "deactivated" | "locked";

/** The tables as queries see them: Kysely writes `userId` as `user_id`. */
export interface Tables {
  users: {
    userId: string;
    displayName: string | null;
    passwordHash: string | null;
    status: UserStatus;
  };
  devices: {
    userId: string;
    deviceId: string;
    displayName: string | null;
    /** Hashes of who signed in at an identity provider, and of the session there; null: another login. */
    providerUser: string | null;
    providerSession: string | null;
  };
  /** A row is one identity at an identity provider. */
  externalIds: {
    issuer: string;
    subject: string;
    userId: string;
  };
  /** A row is one access token with its refresh token, if it has one. */
  sessions: {
    /** The larger, the newer. */
    id: Generated<number>;
    userId: string;
    deviceId: string;
    accessTokenHash: string;
    refreshTokenHash: string | null;
    /** Milliseconds since 1970; null: never. */
    expiresAt: number | null;
  };
  /** A row is one operation that waits for its user to authenticate anew. */
  interactiveAuthSessions: {
    /** The larger, the newer. */
    id: Generated<number>;
    sessionId: string;
    userId: string;
    operation: string;
    /** JSON. */
    parameters: string;
    /** What the user is asked to confirm. */
    description: string | null;
    completedStage: string | null;
    /** Milliseconds since 1970. */
    expiresAt: number;
  };
}
