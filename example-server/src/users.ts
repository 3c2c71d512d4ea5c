import { MatrixError, type ExternalId } from "matrix-jwt-login";

import type { Database } from "./database.js";
import type { UserStatus } from "./database/schema.js";
import { addExternalId } from "./external-ids.js";

export interface User {
  readonly userId: string;
  readonly displayName: string | null;
  readonly passwordHash: string | null;
  readonly status: UserStatus;
}

export class Users {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Whatever the user's status: a caller who only wants those who may log in asks {@link requireActive} as well. */
  async find(userId: string): Promise<User | undefined> {
    // No user ID has other characters, and Postgres takes no NUL.
    if (!/^[!-~]+$/.test(userId)) return undefined;
    return this.#database.selectFrom("users").selectAll().where("userId", "=", userId).executeTakeFirst();
  }

  /** With the identity that it is for, if there is one: both are there afterwards, or neither. */
  async create(user: User, externalId?: ExternalId): Promise<User> {
    if (externalId === undefined) {
      if (!(await this.add(user))) throw userInUse();
      return user;
    }
    return this.#database.transaction().execute(async (transaction) => {
      const isNew = (await this.add(user, transaction)) && (await addExternalId(externalId, user.userId, transaction));
      if (!isNew) throw userInUse();
      return user;
    });
  }

  /** False where the user ID is taken. The database decides that, so that of several replicas only one adds a user. */
  async add(user: User, database = this.#database): Promise<boolean> {
    const { numInsertedOrUpdatedRows: added } = await database
      .insertInto("users")
      .values(user)
      .onConflict((conflict) => conflict.column("userId").doNothing())
      .executeTakeFirstOrThrow();
    return added === 1n;
  }

  /** For good: who is deactivated is found, so that nobody is registered under this ID again, and logs in no more. */
  async deactivate(userId: string, database: Database): Promise<void> {
    await database.updateTable("users").set({ status: "deactivated" }).where("userId", "=", userId).execute();
  }

  async isEmpty(): Promise<boolean> {
    return (await this.#database.selectFrom("users").select("userId").limit(1).executeTakeFirst()) === undefined;
  }
}

const userInUse = (): MatrixError => new MatrixError("M_USER_IN_USE", "This user ID is taken", { statusCode: 400 });

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
