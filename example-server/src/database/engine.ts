import { sql, type Dialect, type RawBuilder } from "kysely";

/** What the two databases have in common, and in what they differ. */
export interface Engine {
  readonly dialect: Dialect;
  readonly types: ColumnTypes;
}

/**
 * How a database spells what the migrations need. User IDs depend on an exact comparison (`@alice:x` and `@Alice:x` are
 * two users), so it is said where it matters, whatever the database was set to.
 */
export interface ColumnTypes {
  readonly exactText: RawBuilder<unknown>;
  readonly rowId: RawBuilder<unknown>;
  readonly milliseconds: RawBuilder<unknown>;
  /** After a table's last column. */
  readonly tableEnd: RawBuilder<unknown>;
}

export const sqliteTypes: ColumnTypes = {
  exactText: sql`text collate binary`,
  rowId: sql`integer`,
  milliseconds: sql`integer`,
  // Without it, a column takes values of any type.
  tableEnd: sql`strict`,
};

export const postgresTypes: ColumnTypes = {
  exactText: sql`text collate "C"`,
  rowId: sql`bigint generated always as identity`,
  milliseconds: sql`bigint`,
  tableEnd: sql``,
};
