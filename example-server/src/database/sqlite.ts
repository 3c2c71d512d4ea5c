import { mkdirSync } from "node:fs";
import { dirname } from "node:path";

import { SqliteDialect } from "kysely";
import Database from "libsql";

import { sqliteTypes, type Engine } from "./engine.js";

/** A database in a file, inside this process: nothing to install or to run. */
export function sqlite(file: string): Engine {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const database = new Database(file, { timeout: 5000 });
  database.pragma("foreign_keys = ON");
  return { dialect: new SqliteDialect({ database }), types: sqliteTypes };
}
