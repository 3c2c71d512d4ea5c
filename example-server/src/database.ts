import { mkdirSync } from "node:fs";
import { dirname } from "node:path";

import Database from "libsql";

export type Connection = Database.Database;

// SQLite compares TEXT byte for byte (BINARY) unless told otherwise. User IDs depend on it (`@alice:x` and `@Alice:x`
// are two users), so it is said where it matters.
const schema = `
  CREATE TABLE IF NOT EXISTS users (
    user_id       TEXT PRIMARY KEY COLLATE BINARY,
    display_name  TEXT,
    password_hash TEXT,
    status        TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'deactivated', 'locked'))
  ) STRICT;

  CREATE TABLE IF NOT EXISTS devices (
    user_id      TEXT NOT NULL COLLATE BINARY REFERENCES users ON DELETE CASCADE,
    device_id    TEXT NOT NULL COLLATE BINARY,
    display_name TEXT,
    PRIMARY KEY (user_id, device_id)
  ) STRICT;

  CREATE TABLE IF NOT EXISTS sessions (
    id                 INTEGER PRIMARY KEY,
    user_id            TEXT NOT NULL COLLATE BINARY,
    device_id          TEXT NOT NULL COLLATE BINARY,
    access_token_hash  TEXT NOT NULL UNIQUE,
    refresh_token_hash TEXT UNIQUE,
    expires_at         INTEGER,
    FOREIGN KEY (user_id, device_id) REFERENCES devices ON DELETE CASCADE
  ) STRICT;

  CREATE INDEX IF NOT EXISTS sessions_of_device ON sessions (user_id, device_id);
`;

export function openDatabase(file: string): Connection {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const database = new Database(file, { timeout: 5000 });
  database.pragma("foreign_keys = ON");
  database.exec(schema);
  return database;
}
