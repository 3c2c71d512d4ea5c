import { MatrixError, type ExternalId } from "matrix-jwt-login";

import type { Database } from "./database.js";
import { isCleanText } from "./request-body.js";

/** Whom an identity provider calls whom. Its user names may change hands; issuer and subject together never do. */
export class ExternalIds {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** @returns a user ID */
  async find({ issuer, subject }: ExternalId): Promise<string | undefined> {
    if (!isCleanText(subject)) throw new MatrixError("M_FORBIDDEN", "The token's subject has unusable characters");
    const found = await this.#database
      .selectFrom("externalIds")
      .select("userId")
      .where("issuer", "=", issuer)
      .where("subject", "=", subject)
      .executeTakeFirst();
    return found?.userId;
  }

  /** @returns false where the identity is somebody's, or the user has another one at this issuer */
  link(externalId: ExternalId, userId: string): Promise<boolean> {
    return addExternalId(externalId, userId, this.#database);
  }

  of(userId: string): Promise<ExternalId[]> {
    return this.#database
      .selectFrom("externalIds")
      .select(["issuer", "subject"])
      .where("userId", "=", userId)
      .orderBy("issuer")
      .execute();
  }
}

/** The database decides who is first, whichever replica asks. */
export async function addExternalId(externalId: ExternalId, userId: string, database: Database): Promise<boolean> {
  const { numInsertedOrUpdatedRows: added } = await database
    .insertInto("externalIds")
    .values({ ...externalId, userId })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirstOrThrow();
  return added === 1n;
}
