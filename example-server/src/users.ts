import { MatrixError } from "matrix-jwt-login";

import type { Connection } from "./database.js";

export type UserStatus = "active" | "deactivated" | "locked";

export interface User {
  readonly userId: string;
  readonly displayName: string | null;
  readonly passwordHash: string | null;
  readonly status: UserStatus;
}

export class Users {
  readonly #select;
  readonly #insert;
  readonly #count;

  constructor(database: Connection) {
    this.#select = database.prepare(`
      SELECT user_id AS userId, display_name AS displayName, password_hash AS passwordHash, status
      FROM users WHERE user_id = ?`);
    this.#insert = database.prepare(`
      INSERT INTO users (user_id, display_name, password_hash, status) VALUES (?, ?, ?, ?)
      ON CONFLICT DO NOTHING`);
    this.#count = database.prepare("SELECT count(*) AS users FROM users");
  }

  /** Whatever the user's status: a caller who only wants those who may log in asks {@link requireActive} as well. */
  find(userId: string): User | undefined {
    return this.#select.get(userId) as User | undefined;
  }

  create(user: User): User {
    const { changes } = this.#insert.run(user.userId, user.displayName, user.passwordHash, user.status);
    if (changes === 0) throw new MatrixError("M_USER_IN_USE", "This user ID is taken", { statusCode: 400 });
    return user;
  }

  isEmpty(): boolean {
    return (this.#count.get() as { users: number }).users === 0;
  }
}

export function requireActive(user: User): void {
  if (user.status === "deactivated") {
    throw new MatrixError("M_USER_DEACTIVATED", "This account has been deactivated", { statusCode: 403 });
  }
  if (user.status === "locked") throw lockedError();
}

// Client-Server API, "Account locking": 401 and a soft logout, so that a client keeps its encryption keys for the day
// the account is unlocked.
export function lockedError(): MatrixError {
  return new MatrixError("M_USER_LOCKED", "This account has been locked", {
    statusCode: 401,
    fields: { soft_logout: true },
  });
}
