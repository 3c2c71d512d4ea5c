import { closeSync, fchmodSync, fstatSync, openSync } from "node:fs";
import { dirname } from "node:path";

import { SqliteDialect } from "kysely";
import Database from "libsql";

import { makeFolder } from "../folder.js";
import { sqliteTypes, type Engine } from "./engine.js";

/** A database in a file, inside this process: nothing to install or to run. */
export function sqlite(file: string): Engine {
  makeFolder(dirname(file));
  // It holds access tokens and users: nobody else's to read, and neither are the files that SQLite puts beside it.
  const opened = openSync(file, "a", 0o600);
  // A device is everybody's.
  if (fstatSync(opened).isFile()) fchmodSync(opened, 0o600);
  closeSync(opened);
  const database = new Database(file, { timeout: 5000 });
  // Readers and a writer do not wait for each other, and a commit is one write.
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = NORMAL");
  database.pragma("foreign_keys = ON");
  return { dialect: new SqliteDialect({ database }), types: sqliteTypes };
}
