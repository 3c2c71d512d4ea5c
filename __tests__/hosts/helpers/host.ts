import { MatrixError, type IssuedToken } from "matrix-jwt-login";

export const PASSWORD = "open sesame";

/** A host that the pages of `docs/` are tried with. */
interface Account {
  readonly id: string;
}

export const db = {
  users: {
    find: (userId: string): Promise<Account | undefined> => Promise.resolve(ACCOUNTS[userId]?.()),
  },
  sessions: {
    create: (account: Account, deviceId: string, deviceName?: string): Promise<IssuedToken> =>
      Promise.resolve({ accessToken: [account.id, deviceId, deviceName].join(" ") }),
  },
};

const ACCOUNTS: Readonly<Record<string, () => Account>> = {
  "@alice:example.org": () => ({ id: "alice" }),
  "@busy:example.org": () => {
    throw new MatrixError("M_LIMIT_EXCEEDED", "Too many requests", { statusCode: 429, retryAfterMs: 1500 });
  },
  "@broken:example.org": () => {
    throw new Error("the database is down");
  },
};

/** The login that the host had before. */
export function passwordLogin(submission: unknown): Promise<object> {
  const { type, user, password } = submission as Readonly<Record<string, unknown>>;
  if (type !== "m.login.password") {
    return Promise.reject(new MatrixError("M_UNKNOWN", "Unknown login type", { statusCode: 400 }));
  }
  if (user === "broken") return Promise.reject(new Error("the database is down"));
  if (password !== PASSWORD) return Promise.reject(new MatrixError("M_FORBIDDEN", "Wrong password"));
  return Promise.resolve({ user_id: `@${String(user)}:example.org`, access_token: "by password", device_id: "DEVICE" });
}
