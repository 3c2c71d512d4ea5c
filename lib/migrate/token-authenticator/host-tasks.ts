/** A setting that only the host can act on, and what it has to do. */
export interface HostTask {
  readonly setting: string;
  readonly todo: string;
}

/** Warns once of all that is left to the host. */
export function warnOfHostTasks(tasks: readonly HostTask[]): void {
  if (tasks.length === 0) return;
  const list = tasks.map(({ setting, todo }) => `${setting}: ${todo}`).join("; ");
  process.emitWarning(
    `Settings of Synapse Token Authenticator that your server has to act on (docs/migration.md shows how): ${list}`,
    { type: "MigrationWarning", code: "MATRIX_JWT_LOGIN_HOST_TASK" },
  );
}
