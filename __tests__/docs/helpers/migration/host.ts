import type { IssuedToken } from "matrix-jwt-login";

export interface Account {
  readonly id: string;
  displayName?: string | undefined;
  admin?: boolean;
}

const accounts = new Map<string, Account>();

/** What the guide leaves to the reader: a host's users and sessions. */
export const db = {
  users: {
    find: (userId: string): Promise<Account | undefined> => Promise.resolve(accounts.get(userId)),
    create: (userId: string, displayName?: string): Promise<Account> => {
      const account: Account = { id: userId, displayName };
      accounts.set(userId, account);
      return Promise.resolve(account);
    },
    setAdmin: (user: Account, admin: boolean): Promise<void> => {
      user.admin = admin;
      return Promise.resolve();
    },
    setDisplayName: (user: Account, displayName: string): Promise<void> => {
      user.displayName = displayName;
      return Promise.resolve();
    },
  },
  sessions: {
    create: (user: Account, deviceId: string, deviceName = "unnamed"): Promise<IssuedToken> =>
      Promise.resolve({ accessToken: `${user.id} on ${deviceId}, ${deviceName}` }),
  },
};
