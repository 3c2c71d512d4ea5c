import { createTokenVerifier, type LoginTypeOptions, type TokenVerifier } from "matrix-jwt-login";

/** Options as a host without types may write them. */
export type AnyOptions = Partial<Record<keyof LoginTypeOptions, unknown>>;

export function verifierOf(options: AnyOptions): TokenVerifier {
  return createTokenVerifier(options as LoginTypeOptions);
}

/** What becomes of a token: "accepted", or the code of the error that refuses it. Any other failure is thrown on. */
export async function verdict(verifier: TokenVerifier | AnyOptions, token: string): Promise<string> {
  const made = "verify" in verifier ? verifier : verifierOf(verifier);
  try {
    await made.verify(token);
    return "accepted";
  } catch (error) {
    const { name, code } = error as { name?: unknown; code?: unknown };
    if ((name === "TokenError" || name === "KeysUnavailableError") && typeof code === "string") return code;
    throw error;
  }
}

/** The error that making something throws, as far as tests look at it. */
export function errorOf(make: () => unknown): { name: string; path?: string; message: string } {
  try {
    make();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}
