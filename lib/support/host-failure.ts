/** A function of the host's threw, or gave something amiss: told apart from what the package throws itself. */
export class HostFailure extends Error {
  override readonly name = "HostFailure";

  constructor(callback: string, cause: unknown) {
    super(`matrix-jwt-login: ${callback} failed`, { cause });
  }
}
