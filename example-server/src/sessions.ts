import { createHash, randomBytes } from "node:crypto";

import type { Connection } from "./database.js";
import type { UserStatus } from "./users.js";

export interface NewSession {
  readonly userId: string;
  readonly deviceId: string;
  readonly deviceDisplayName: string | undefined;
  /** The client can refresh: it gets a refresh token, and an access token that expires. */
  readonly refreshable: boolean;
}

/** In the shape that the package's `issueToken` answers with. */
export interface IssuedTokens {
  accessToken: string;
  refreshToken?: string;
  expiresInMs?: number;
}

export interface Session {
  readonly id: number;
  readonly userId: string;
  readonly deviceId: string;
  readonly userStatus: UserStatus;
  readonly expired: boolean;
}

interface SessionRow {
  id: number;
  userId: string;
  deviceId: string;
  userStatus: UserStatus;
  expiresAt: number | null;
}

const selectSession = `
  SELECT sessions.id, sessions.user_id AS userId, device_id AS deviceId, expires_at AS expiresAt, status AS userStatus
  FROM sessions JOIN users ON users.user_id = sessions.user_id`;

/**
 * Who is logged in on which device. A row is one access token with its refresh token, if it has one; only their hashes
 * are stored. A device has one row, or two from a refresh until the new tokens are first used.
 */
export class Sessions {
  readonly #database: Connection;
  readonly #accessTokenLifetimeMs: number;
  readonly #byAccessToken;
  readonly #byRefreshToken;
  readonly #insertDevice;
  readonly #insertSession;
  readonly #deleteOfDevice;
  readonly #deleteOthersOfDevice;
  readonly #deleteOlderOfDevice;
  readonly #deleteDevice;
  readonly #deleteAllDevices;

  constructor(database: Connection, accessTokenLifetimeMs: number) {
    this.#database = database;
    this.#accessTokenLifetimeMs = accessTokenLifetimeMs;
    this.#byAccessToken = database.prepare(`${selectSession} WHERE access_token_hash = ?`);
    this.#byRefreshToken = database.prepare(`${selectSession} WHERE refresh_token_hash = ?`);
    // A name given for a device that is known already is ignored (Client-Server API, POST /login).
    this.#insertDevice = database.prepare(`
      INSERT INTO devices (user_id, device_id, display_name) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`);
    this.#insertSession = database.prepare(`
      INSERT INTO sessions (user_id, device_id, access_token_hash, refresh_token_hash, expires_at)
      VALUES (?, ?, ?, ?, ?)`);
    this.#deleteOfDevice = database.prepare("DELETE FROM sessions WHERE user_id = ? AND device_id = ?");
    this.#deleteOthersOfDevice = database.prepare(
      "DELETE FROM sessions WHERE user_id = ? AND device_id = ? AND id <> ?",
    );
    this.#deleteOlderOfDevice = database.prepare("DELETE FROM sessions WHERE user_id = ? AND device_id = ? AND id < ?");
    this.#deleteDevice = database.prepare("DELETE FROM devices WHERE user_id = ? AND device_id = ?");
    this.#deleteAllDevices = database.prepare("DELETE FROM devices WHERE user_id = ?");
  }

  /** Logs a device in. The tokens that it had stop working ("Relationship between access tokens and devices"). */
  create({ userId, deviceId, deviceDisplayName, refreshable }: NewSession): IssuedTokens {
    return this.#inTransaction(() => {
      this.#insertDevice.run(userId, deviceId, deviceDisplayName ?? null);
      this.#deleteOfDevice.run(userId, deviceId);
      return this.#issue(userId, deviceId, refreshable);
    });
  }

  find(accessToken: string): Session | undefined {
    const session = toSession(this.#byAccessToken.get(hash(accessToken)));
    // The new tokens have arrived, so the old ones are done with ("Refreshing access tokens").
    if (session !== undefined) this.#deleteOlderOfDevice.run(session.userId, session.deviceId, session.id);
    return session;
  }

  findByRefreshToken(refreshToken: string): Session | undefined {
    return toSession(this.#byRefreshToken.get(hash(refreshToken)));
  }

  /**
   * New tokens for old. The old refresh token works until the new tokens are used, so that a client whose answer got
   * lost can ask again ("Refreshing access tokens"); tokens of an answer that got lost are dropped then.
   */
  refresh({ id, userId, deviceId }: Session): IssuedTokens {
    return this.#inTransaction(() => {
      this.#deleteOthersOfDevice.run(userId, deviceId, id);
      return this.#issue(userId, deviceId, true);
    });
  }

  /** Forgets the device with its tokens, as the spec asks of POST /logout. */
  end({ userId, deviceId }: Session): void {
    this.#deleteDevice.run(userId, deviceId);
  }

  endAll({ userId }: Session): void {
    this.#deleteAllDevices.run(userId);
  }

  #issue(userId: string, deviceId: string, refreshable: boolean): IssuedTokens {
    const accessToken = newToken();
    if (!refreshable) {
      this.#insertSession.run(userId, deviceId, hash(accessToken), null, null);
      return { accessToken };
    }
    const refreshToken = newToken();
    const expiresInMs = this.#accessTokenLifetimeMs;
    this.#insertSession.run(userId, deviceId, hash(accessToken), hash(refreshToken), Date.now() + expiresInMs);
    return { accessToken, refreshToken, expiresInMs };
  }

  #inTransaction<Result>(work: () => Result): Result {
    return this.#database.transaction(work).immediate();
  }
}

function toSession(row: unknown): Session | undefined {
  if (row === undefined) return undefined;
  const { id, userId, deviceId, userStatus, expiresAt } = row as SessionRow;
  return { id, userId, deviceId, userStatus, expired: expiresAt !== null && expiresAt <= Date.now() };
}

const newToken = (): string => randomBytes(32).toString("base64url");

// Plain SHA-256 will do here, unlike for passwords: nobody guesses 256 random bits.
const hash = (token: string): string => createHash("sha256").update(token).digest("hex");
