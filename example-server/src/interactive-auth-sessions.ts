import { randomBytes } from "node:crypto";

import type { Database } from "./database.js";
import { isCleanText } from "./request-body.js";

/** An operation that waits for its user to authenticate anew. */
export interface AuthSession {
  /** What the client gets. No secret: it is worth something only with an access token of its user. */
  readonly sessionId: string;
  readonly userId: string;
  /** Method and path. */
  readonly operation: string;
  /** Those of the first request, as JSON. */
  readonly parameters: string;
  /** Passed, and the operation has not run: it failed, and may be asked for again. */
  readonly completedStage: string | null;
}

interface NewAuthSession extends Pick<AuthSession, "userId" | "operation" | "parameters"> {
  /** What the user is asked to confirm, in words. */
  readonly description: string;
}

const lifetimeMs = 15 * 60_000;
/** A further one is at the expense of the oldest. */
const mostOfOneUser = 20;

/** In the database, as a client's next request may come to another replica. */
export class InteractiveAuthSessions {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async begin(session: NewAuthSession): Promise<AuthSession> {
    const { description, ...asked } = session;
    const begun = { ...asked, sessionId: randomBytes(18).toString("base64url"), completedStage: null };
    await this.#database
      .insertInto("interactiveAuthSessions")
      .values({ ...begun, description, expiresAt: Date.now() + lifetimeMs })
      .execute();
    await this.#forgetOld(session.userId);
    return begun;
  }

  find(sessionId: string, userId: string): Promise<AuthSession | undefined> {
    return this.#database
      .selectFrom("interactiveAuthSessions")
      .select(["sessionId", "userId", "operation", "parameters", "completedStage"])
      .where("sessionId", "=", sessionId)
      .where("userId", "=", userId)
      .where("expiresAt", ">", Date.now())
      .executeTakeFirst();
  }

  /** For a page that says whose session it is and what for. */
  async show(sessionId: string): Promise<{ userId: string; description: string | undefined } | undefined> {
    if (!isCleanText(sessionId)) return undefined;
    const session = await this.#database
      .selectFrom("interactiveAuthSessions")
      .select(["userId", "description"])
      .where("sessionId", "=", sessionId)
      .where("expiresAt", ">", Date.now())
      .executeTakeFirst();
    return session && { userId: session.userId, description: session.description ?? undefined };
  }

  async complete({ sessionId }: Pick<AuthSession, "sessionId">, stage: string): Promise<void> {
    await this.#database
      .updateTable("interactiveAuthSessions")
      .set({ completedStage: stage })
      .where("sessionId", "=", sessionId)
      .execute();
  }

  /**
   * Runs the operation and ends the session, both or neither. Undefined where another request was quicker.
   *
   * @param run - must use the database that it is given
   */
  useUp<Result>({ sessionId }: AuthSession, run: (database: Database) => Promise<Result>): Promise<Result | undefined> {
    return this.#database.transaction().execute(async (transaction) => {
      const { numDeletedRows: ended } = await transaction
        .deleteFrom("interactiveAuthSessions")
        .where("sessionId", "=", sessionId)
        .executeTakeFirstOrThrow();
      return ended === 1n ? run(transaction) : undefined;
    });
  }

  // After the insert and not in a transaction with it: of requests at once, the last sees the rows of all.
  async #forgetOld(userId: string): Promise<void> {
    await this.#database
      .deleteFrom("interactiveAuthSessions")
      .where((row) => {
        const newest = row
          .selectFrom("interactiveAuthSessions")
          .select("id")
          .where("userId", "=", userId)
          .orderBy("id", "desc")
          .limit(mostOfOneUser);
        return row.or([
          row("expiresAt", "<=", Date.now()),
          row.and([row("userId", "=", userId), row("id", "not in", newest)]),
        ]);
      })
      .execute();
  }
}
