/** Why a sign-in ended, other than by a refused token. It decides which page the browser gets. */
export type SignInFault = "cancelled" | "lost" | "unavailable" | "refused";

/** A sign-in that ended early. Its message is the operator's to read, and holds no token or code. */
export class SignInError extends Error {
  override readonly name = "SignInError";
  readonly fault: SignInFault;
  /** Did the provider give no valid answer? Then the log has told of it. */
  readonly isOutage: boolean;

  private constructor(fault: SignInFault, message: string, isOutage = false) {
    super(message);
    this.fault = fault;
    this.isOutage = isOutage;
  }

  /** The user changed their mind at the provider. */
  static cancelled(message: string): SignInError {
    return new SignInError("cancelled", message);
  }

  /** Took too long, happened in another browser, or was used before. */
  static lost(message: string): SignInError {
    return new SignInError("lost", message);
  }

  /** The provider says that it is unavailable, so the user was neither accepted nor refused. */
  static unavailable(message: string): SignInError {
    return new SignInError("unavailable", message);
  }

  /** The provider gave no valid answer: an outage, which has been logged. */
  static outage(message: string): SignInError {
    return new SignInError("unavailable", message, true);
  }

  /** The provider's answer cannot be accepted. */
  static refused(message: string): SignInError {
    return new SignInError("refused", message);
  }
}
