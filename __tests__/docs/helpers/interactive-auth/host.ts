import { randomUUID } from "node:crypto";

import type { Request } from "express";
import { MatrixError, type IssuedToken } from "matrix-jwt-login";

interface Account {
  readonly id: string;
}

interface NewAuthSession {
  readonly userId: string;
  /** Method and path. */
  readonly operation: string;
  readonly parameters: object;
}

interface AuthSession extends NewAuthSession {
  readonly id: string;
}

const authSessions = new Map<string, AuthSession>();

export const deleted: unknown[] = [];
const passed: unknown[] = [];

/** What the page leaves to the reader: users, devices, and sessions of both kinds. */
export const db = {
  users: {
    find: (userId: string): Promise<Account | undefined> =>
      Promise.resolve(/^@(?:alice|bob):/.test(userId) ? { id: userId } : undefined),
  },
  sessions: {
    create: (user: Account, deviceId: string, deviceName = "unnamed"): Promise<IssuedToken> =>
      Promise.resolve({ accessToken: `${user.id} on ${deviceId}, ${deviceName}` }),
  },
  authSessions: {
    begin: (session: NewAuthSession): Promise<AuthSession> => {
      const begun = { ...session, id: randomUUID() };
      authSessions.set(begun.id, begun);
      return Promise.resolve(begun);
    },
    find: (id: string, userId: string): Promise<AuthSession | undefined> => {
      const session = authSessions.get(id);
      return Promise.resolve(session?.userId === userId ? session : undefined);
    },
    get: (id: string): Promise<AuthSession | undefined> => Promise.resolve(authSessions.get(id)),
    pass: (id: string, userId: string, stage: string): Promise<void> => {
      passed.push({ id, userId, stage });
      return Promise.resolve();
    },
    /** True once. */
    useUp: ({ id }: AuthSession): Promise<boolean> => Promise.resolve(authSessions.delete(id)),
  },
  devices: {
    delete: (userId: string, parameters: object): Promise<object> => {
      deleted.push({ userId, ...parameters });
      return Promise.resolve({});
    },
  },
};

/** Whose access token it is. Here, the user ID serves as one. */
export function userIdOf({ headers }: Request): Promise<string> {
  const [, userId] = /^Bearer (\S+)$/.exec(headers.authorization ?? "") ?? [];
  if (userId === undefined) throw new MatrixError("M_MISSING_TOKEN", "Missing access token", { statusCode: 401 });
  return Promise.resolve(userId);
}
