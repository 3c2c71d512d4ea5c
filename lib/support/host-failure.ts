/** A function of the host's threw, or returned something wrong: told apart from what the package throws itself. */
export class HostFailure extends Error {
  override readonly name = "HostFailure";

  constructor(callback: string, cause: unknown) {
    super(`matrix-jwt-login: ${callback} failed`, { cause });
  }
}

/** @throws HostFailure if the host's function throws or rejects */
export async function callHost<T>(callback: string, call: () => T | Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    throw new HostFailure(callback, cause);
  }
}
