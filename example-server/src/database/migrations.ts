import { sql, type Kysely, type Migration } from "kysely";

import type { ColumnTypes } from "./engine.js";

/**
 * One set for both databases, run in the order of their names and each once. What has been released is never changed:
 * a change is a migration more.
 */
export const migrations = (types: ColumnTypes): Record<string, Migration> => ({
  // Takes over a file of the time before there were migrations, too: its tables are these.
  "0001-users-devices-sessions": {
    up: async (database: Kysely<unknown>) => {
      const { exactText, rowId, milliseconds, tableEnd } = types;
      const { schema } = database;

      await schema
        .createTable("users")
        .ifNotExists()
        .addColumn("user_id", exactText, (column) => column.primaryKey())
        .addColumn("display_name", "text")
        .addColumn("password_hash", "text")
        .addColumn("status", "text", (column) =>
          column
            .notNull()
            .defaultTo("active")
            .check(sql`status in ('active', 'deactivated', 'locked')`),
        )
        .modifyEnd(tableEnd)
        .execute();

      await schema
        .createTable("devices")
        .ifNotExists()
        .addColumn("user_id", exactText, (column) => column.notNull().references("users.user_id").onDelete("cascade"))
        .addColumn("device_id", exactText, (column) => column.notNull())
        .addColumn("display_name", "text")
        .addPrimaryKeyConstraint("devices_key", ["user_id", "device_id"])
        .modifyEnd(tableEnd)
        .execute();

      const device = ["user_id", "device_id"] as const;
      await schema
        .createTable("sessions")
        .ifNotExists()
        .addColumn("id", rowId, (column) => column.primaryKey())
        .addColumn("user_id", exactText, (column) => column.notNull())
        .addColumn("device_id", exactText, (column) => column.notNull())
        .addColumn("access_token_hash", "text", (column) => column.notNull().unique())
        .addColumn("refresh_token_hash", "text", (column) => column.unique())
        .addColumn("expires_at", milliseconds)
        .addForeignKeyConstraint("sessions_device", [...device], "devices", [...device], (key) =>
          key.onDelete("cascade"),
        )
        .modifyEnd(tableEnd)
        .execute();

      await schema
        .createIndex("sessions_of_device")
        .ifNotExists()
        .on("sessions")
        .columns([...device])
        .execute();
    },
  },

  "0002-interactive-auth-sessions": {
    up: async (database: Kysely<unknown>) => {
      const { exactText, rowId, milliseconds, tableEnd } = types;
      const { schema } = database;

      await schema
        .createTable("interactive_auth_sessions")
        .addColumn("id", rowId, (column) => column.primaryKey())
        .addColumn("session_id", exactText, (column) => column.notNull().unique())
        .addColumn("user_id", exactText, (column) => column.notNull().references("users.user_id").onDelete("cascade"))
        .addColumn("operation", "text", (column) => column.notNull())
        .addColumn("parameters", "text", (column) => column.notNull())
        .addColumn("completed_stage", "text")
        .addColumn("expires_at", milliseconds, (column) => column.notNull())
        .modifyEnd(tableEnd)
        .execute();

      for (const column of ["user_id", "expires_at"]) {
        await schema
          .createIndex(`interactive_auth_sessions_by_${column}`)
          .on("interactive_auth_sessions")
          .column(column)
          .execute();
      }
    },
  },

  "0003-external-ids": {
    up: async (database: Kysely<unknown>) => {
      const { exactText, tableEnd } = types;
      const { schema } = database;

      await schema
        .createTable("external_ids")
        .addColumn("issuer", exactText, (column) => column.notNull())
        .addColumn("subject", exactText, (column) => column.notNull())
        .addColumn("user_id", exactText, (column) => column.notNull().references("users.user_id").onDelete("cascade"))
        .addPrimaryKeyConstraint("external_ids_key", ["issuer", "subject"])
        // A provider that gives a user name to somebody else must not reach the account a second time.
        .addUniqueConstraint("external_ids_one_per_issuer", ["user_id", "issuer"])
        .modifyEnd(tableEnd)
        .execute();
    },
  },

  "0004-single-sign-on": {
    up: async (database: Kysely<unknown>) => {
      const { schema } = database;
      for (const column of ["provider_user", "provider_session"]) {
        await schema.alterTable("devices").addColumn(column, "text").execute();
        await schema.createIndex(`devices_by_${column}`).on("devices").column(column).execute();
      }
      await schema.alterTable("interactive_auth_sessions").addColumn("description", "text").execute();
    },
  },
});
