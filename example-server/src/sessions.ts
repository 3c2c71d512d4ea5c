import { createHash, randomBytes } from "node:crypto";

import type { Database } from "./database.js";
import type { UserStatus } from "./database/schema.js";

export interface NewSession {
  readonly userId: string;
  readonly deviceId: string;
  readonly deviceDisplayName: string | undefined;
  /** The client can refresh: it gets a refresh token, and an access token that expires. */
  readonly refreshable: boolean;
  /** Where the user signed in for it. */
  readonly provider?: ProviderSession | undefined;
}

/** A user's session at an identity provider. */
export interface ProviderSession {
  readonly issuer: string;
  readonly subject?: string | undefined;
  readonly sessionId?: string | undefined;
}

/** In the shape that the package's `issueToken` answers with. */
export interface IssuedTokens {
  accessToken: string;
  refreshToken?: string;
  expiresInMs?: number;
}

type Device = Pick<Session, "userId" | "deviceId">;

/**
 * Makes an access token that leads to the session: by its handle, a secret of which only the hash is stored.
 *
 * @param refreshable - it comes with a refresh token, and must expire
 */
export type TokenMaker = (
  handle: string,
  device: Device,
  refreshable: boolean,
) => Pick<IssuedTokens, "accessToken" | "expiresInMs">;

export interface Session {
  readonly id: number;
  readonly userId: string;
  readonly deviceId: string;
  readonly userStatus: UserStatus;
  readonly expired: boolean;
}

/**
 * Who is logged in on which device. Of tokens only the hashes are stored. A device has one session, or two from a
 * refresh until the new tokens are first used.
 */
export class Sessions {
  readonly #database: Database;
  readonly #makeToken: TokenMaker;

  constructor(database: Database, makeToken: TokenMaker) {
    this.#database = database;
    this.#makeToken = makeToken;
  }

  /** Logs a device in. The tokens that it had stop working ("Relationship between access tokens and devices"). */
  create({ userId, deviceId, deviceDisplayName, refreshable, provider }: NewSession): Promise<IssuedTokens> {
    return this.#database.transaction().execute(async (transaction) => {
      await transaction
        .insertInto("devices")
        .values({ userId, deviceId, displayName: deviceDisplayName ?? null, ...providerColumns(provider) })
        // A name for a device that is known already is ignored (Client-Server API, POST /login). The update makes a
        // second login on this device wait for the first: or both would keep their tokens.
        .onConflict((conflict) => conflict.columns(["userId", "deviceId"]).doUpdateSet(providerColumns(provider)))
        .execute();
      await deleteSessionsOf({ userId, deviceId }, transaction).execute();
      return this.#issue({ userId, deviceId }, refreshable, transaction);
    });
  }

  /** By the handle that its access token was made with. */
  async find(handle: string): Promise<Session | undefined> {
    const session = await this.#findBy("accessTokenHash", handle);
    // The new tokens have arrived, so the old ones are done with ("Refreshing access tokens").
    if (session !== undefined) await deleteSessionsOf(session, this.#database).where("id", "<", session.id).execute();
    return session;
  }

  findByRefreshToken(refreshToken: string): Promise<Session | undefined> {
    return this.#findBy("refreshTokenHash", refreshToken);
  }

  /**
   * New tokens for old, unless the session has ended meanwhile. The old refresh token works until the new tokens are
   * used, so that a client whose answer got lost can ask again ("Refreshing access tokens"); tokens of an answer that
   * got lost are dropped then.
   */
  refresh(session: Session): Promise<IssuedTokens | undefined> {
    const { id, userId, deviceId } = session;
    return this.#database.transaction().execute(async (transaction) => {
      // Changes nothing, but holds off whoever logs this device in or out.
      await transaction
        .updateTable("devices")
        .set({ userId })
        .where("userId", "=", userId)
        .where("deviceId", "=", deviceId)
        .execute();
      const current = await transaction.selectFrom("sessions").select("id").where("id", "=", id).executeTakeFirst();
      if (current === undefined) return undefined;
      await deleteSessionsOf(session, transaction).where("id", "<>", id).execute();
      return this.#issue(session, true, transaction);
    });
  }

  /** Forgets the device with its tokens, as the spec asks of POST /logout. */
  async end({ userId, deviceId }: Session): Promise<void> {
    await this.#database.deleteFrom("devices").where("userId", "=", userId).where("deviceId", "=", deviceId).execute();
  }

  async endAll({ userId }: Pick<Session, "userId">, database = this.#database): Promise<void> {
    await database.deleteFrom("devices").where("userId", "=", userId).execute();
  }

  /** Those that a sign-in at the provider began: all of a user there, or of one session. */
  async endSignIns(provider: ProviderSession): Promise<void> {
    const { providerUser, providerSession } = providerColumns(provider);
    const begun = this.#database.deleteFrom("devices");
    await (
      providerSession === null
        ? begun.where("providerUser", "=", providerUser)
        : begun.where("providerSession", "=", providerSession)
    ).execute();
  }

  /** The user's, by name. */
  devicesOf(userId: string): Promise<{ deviceId: string; displayName: string | null }[]> {
    return this.#database
      .selectFrom("devices")
      .select(["deviceId", "displayName"])
      .where("userId", "=", userId)
      .orderBy("deviceId")
      .execute();
  }

  /** Those of the user's that there are. */
  async endDevices(userId: string, deviceIds: readonly string[], database: Database): Promise<void> {
    if (deviceIds.length === 0) return;
    await database.deleteFrom("devices").where("userId", "=", userId).where("deviceId", "in", deviceIds).execute();
  }

  async #findBy(column: "accessTokenHash" | "refreshTokenHash", token: string): Promise<Session | undefined> {
    const row = await this.#database
      .selectFrom("sessions")
      .innerJoin("users", "users.userId", "sessions.userId")
      .select(["sessions.id", "sessions.userId", "deviceId", "expiresAt", "status as userStatus"])
      .where(column, "=", hash(token))
      .executeTakeFirst();
    if (row === undefined) return undefined;
    const { expiresAt, ...session } = row;
    return { ...session, expired: expiresAt !== null && expiresAt <= Date.now() };
  }

  async #issue({ userId, deviceId }: Device, refreshable: boolean, database: Database): Promise<IssuedTokens> {
    const handle = newToken();
    const refreshToken = newToken();
    const token = this.#makeToken(handle, { userId, deviceId }, refreshable);
    await database
      .insertInto("sessions")
      .values({
        userId,
        deviceId,
        accessTokenHash: hash(handle),
        refreshTokenHash: refreshable ? hash(refreshToken) : null,
        expiresAt: token.expiresInMs === undefined ? null : Date.now() + token.expiresInMs,
      })
      .execute();
    return refreshable ? { ...token, refreshToken } : token;
  }
}

const deleteSessionsOf = ({ userId, deviceId }: Device, database: Database) =>
  database.deleteFrom("sessions").where("userId", "=", userId).where("deviceId", "=", deviceId);

/** Hashes, as a provider's texts may hold characters that no column takes. */
function providerColumns(provider: ProviderSession | undefined) {
  const hashOf = (name: string | undefined) =>
    provider === undefined || name === undefined ? null : hash(JSON.stringify([provider.issuer, name]));
  return { providerUser: hashOf(provider?.subject), providerSession: hashOf(provider?.sessionId) };
}

const newToken = (): string => randomBytes(32).toString("base64url");

// Plain SHA-256 will do here, unlike for passwords: nobody guesses 256 random bits.
const hash = (token: string): string => createHash("sha256").update(token).digest("hex");
