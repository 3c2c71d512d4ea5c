import { PostgresDialect, type PostgresPoolClient } from "kysely";
import pg from "pg";
import type { Logger } from "pino";

import { postgresTypes, type Engine } from "./engine.js";

/**
 * A database that several replicas share. All that is asked of it ends in time, whatever becomes of it: refused, no
 * free connection within 5 s, stopped by the server after 2 s, or given up after 2.5 s without an answer.
 */
export function postgres(connectionString: string, log: Logger): Engine {
  // BIGINT as a number: what is kept in one here is far below 2^53.
  const types = new pg.TypeOverrides();
  types.setTypeParser(pg.types.builtins.INT8, Number);
  const pool = new pg.Pool({
    connectionString,
    application_name: "matrix-jwt-login-example",
    max: 10,
    connectionTimeoutMillis: 5000,
    statement_timeout: 2000,
    query_timeout: 2500,
    idle_in_transaction_session_timeout: 10_000,
    keepAlive: true,
    types,
  });
  // A connection that breaks is replaced when it is next needed. Unheard, its error would end the process: the pool's
  // is that of an idle connection, the client's that of one in use.
  const onError = (error: Error): void => {
    log.warn({ err: error }, "A connection to the database broke");
  };
  pool.on("error", onError);
  pool.on("connect", (client) => client.on("error", onError));

  return {
    dialect: new PostgresDialect({
      pool: { connect: async () => droppedWhenInDoubt(await pool.connect()), end: () => pool.end() },
    }),
    types: postgresTypes,
  };
}

/**
 * A client that is not used again after an error which isn't the server's own answer: nobody knows what it is in the
 * midst of, and one that hangs would make all wait that use it after.
 */
function droppedWhenInDoubt(client: pg.PoolClient): PostgresPoolClient {
  let failure: Error | undefined;
  const query = async (text: string, values: readonly unknown[]): Promise<unknown> => {
    if (failure !== undefined) throw failure;
    try {
      return await client.query(text, [...values]);
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) failure = error as Error;
      throw error;
    }
  };
  return {
    query: query as PostgresPoolClient["query"],
    release: () => {
      client.release(failure);
    },
  };
}
