/**
 * Errors made until the returned function is called have no stack trace. For those that are a usual answer and nobody's
 * fault: to note where they were made costs more than the check that failed, and a flood of forged tokens makes many.
 *
 * Only for what is synchronous and none of the host's.
 */
export function pauseStackTraces(): () => void {
  const limit = Error.stackTraceLimit;
  setLimit(0);
  return () => {
    setLimit(limit);
  };
}

/** Unlike an assignment, does not throw if a host has frozen `Error`. */
function setLimit(limit: number): void {
  Reflect.set(Error, "stackTraceLimit", limit);
}
