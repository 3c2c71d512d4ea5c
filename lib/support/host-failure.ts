import { types } from "node:util";

/** A function of the host's threw, or returned something wrong: told apart from what the package throws itself. */
export class HostFailure extends Error {
  override readonly name = "HostFailure";

  constructor(callback: string, cause: unknown) {
    super(`matrix-jwt-login: ${callback} failed`, { cause });
  }
}

/** Nobody waits for a promise where none is meant: its rejection must not end the process. Of any realm, as under Jest. */
export function ignoreRejection(value: unknown): void {
  if (types.isPromise(value)) value.catch(() => undefined);
}

/** @throws HostFailure if the host's function throws or rejects */
export async function callHost<T>(callback: string, call: () => T | Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    throw new HostFailure(callback, cause);
  }
}
