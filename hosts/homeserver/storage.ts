export interface User {
  readonly userId: string;
  readonly displayName: string | undefined;
}

export interface Session {
  readonly userId: string;
  readonly deviceId: string;
}

/** What the homeserver keeps: in memory here, in SQLite or Postgres elsewhere. */
export interface Storage {
  getUser(userId: string): Promise<User | undefined>;
  createUser(user: User): Promise<User>;
  createSession(session: Session): Promise<void>;
  getSession(userId: string, deviceId: string | undefined): Promise<Session | undefined>;
  deleteSession(userId: string, deviceId: string | undefined): Promise<void>;
  createUiaSession(userId: string): Promise<string>;
  /** True once, for the user that it was made for. */
  endUiaSession(id: string, userId: string): Promise<boolean>;
}

export class MemoryStorage implements Storage {
  readonly #users = new Map<string, User>();
  readonly #sessions = new Map<string, Session>();
  readonly #uia = new Map<string, string>();
  #made = 0;

  async getUser(userId: string) {
    return this.#users.get(userId);
  }

  async createUser(user: User) {
    this.#users.set(user.userId, user);
    return user;
  }

  async createSession(session: Session) {
    this.#sessions.set(`${session.userId} ${session.deviceId}`, session);
  }

  async getSession(userId: string, deviceId: string | undefined) {
    return this.#sessions.get(`${userId} ${String(deviceId)}`);
  }

  async deleteSession(userId: string, deviceId: string | undefined) {
    this.#sessions.delete(`${userId} ${String(deviceId)}`);
  }

  async createUiaSession(userId: string) {
    this.#made += 1;
    const id = `uia${String(this.#made)}`;
    this.#uia.set(id, userId);
    return id;
  }

  async endUiaSession(id: string, userId: string) {
    return this.#uia.get(id) === userId && this.#uia.delete(id);
  }
}
