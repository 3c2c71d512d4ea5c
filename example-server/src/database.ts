import { CamelCasePlugin, Kysely, Migrator } from "kysely";
import type { Logger } from "pino";

import type { Config } from "./config.js";
import type { Engine } from "./database/engine.js";
import { migrations } from "./database/migrations.js";
import { postgres } from "./database/postgres.js";
import type { Tables } from "./database/schema.js";
import { sqlite } from "./database/sqlite.js";

export type Database = Kysely<Tables>;

type Place = Pick<Config, "databaseFile" | "databaseUrl">;

/** Opened, and with its tables as this version needs them. Replicas that start at once wait for each other there. */
export async function openDatabase(place: Place, log: Logger): Promise<Database> {
  const { databaseFile, databaseUrl } = place;
  const engine = databaseUrl === undefined ? sqlite(databaseFile) : postgres(databaseUrl, log);
  const database = new Kysely<Tables>({ dialect: engine.dialect, plugins: [new CamelCasePlugin()] });
  try {
    await migrate(database, engine);
  } catch (error) {
    await database.destroy();
    throw new Error(`The database ${nameOf(place)} can't be used: ${reasonOf(error)}`, { cause: error });
  }
  return database;
}

async function migrate(database: Database, { types }: Engine): Promise<void> {
  const provider = { getMigrations: () => Promise.resolve(migrations(types)) };
  const { error } = await new Migrator({ db: database, provider }).migrateToLatest();
  if (error !== undefined) throw error as Error;
}

// Where a host name has several addresses and none answers, Node's error has a code and no message.
function reasonOf(error: unknown): string {
  const { message, code } = Object(error) as { message?: unknown; code?: unknown };
  return String(message === "" ? code : message);
}

/** What may be printed: without the password. */
export function nameOf({ databaseFile, databaseUrl }: Place): string {
  if (databaseUrl === undefined) return databaseFile;
  const url = new URL(databaseUrl);
  url.password = "";
  url.search = "";
  return url.href;
}
