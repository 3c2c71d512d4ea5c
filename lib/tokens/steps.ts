import { TokenError } from "./errors.js";

/** The steps of a verification, but for the claim rules. */
export type StepName =
  "length" | "decryption" | "characters" | "introspection" | "shape" | "crit" | "alg" | "key" | "signature" | "subject";

/**
 * Runs the named steps of a verification. Logins run them {@link STRICT strictly}. `explain` notes what each step came to
 * and goes on past failed checks.
 */
export interface Steps {
  /** Runs a step whose result later steps need. */
  take<T>(name: StepName, step: () => T): T;
  /** Runs a step that can only refuse: later steps can be judged without it. */
  check(name: StepName, step: () => unknown): void;
  /** Runs each of these as a check under its name. */
  checks<S>(steps: readonly (readonly [name: string, step: S])[], run: (step: S) => void): void;
}

/** Stops at the first step that throws. */
export const STRICT: Steps = {
  take: (_name, step) => step(),
  check: (_name, step) => {
    step();
  },
  checks: (steps, run) => {
    for (const [, step] of steps) run(step);
  },
};

/** Stands for the subject of a token that has no usable one and needs none. */
export const NO_SUBJECT = "";

/** As {@link STRICT}, for tokens that need not have a usable subject: their account may be found by other means. */
export const SUBJECT_OPTIONAL: Steps = {
  ...STRICT,
  take: (name, step) => {
    if (name !== "subject") return step();
    try {
      return step();
    } catch (error) {
      if (error instanceof TokenError) return NO_SUBJECT as ReturnType<typeof step>;
      throw error;
    }
  },
};
