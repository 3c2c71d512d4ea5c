import { TokenError } from "../../tokens/errors.js";
import type { Steps } from "../../tokens/steps.js";

/** What a rule looked at. */
export interface Facts {
  /** Do the options ask for it? */
  readonly asked: boolean;
  readonly text: string;
  /** What to change, if that is known better than from the error alone. */
  readonly advice?: string;
}

export interface Finding extends Facts {
  readonly rule: string;
  /** What the rule threw, if it is broken. */
  readonly error?: unknown;
}

export function seen(text: string): Facts {
  return { asked: true, text };
}

export function notAsked(why: string): Facts {
  return { asked: false, text: `not checked: ${why}` };
}

/** Says what a rule looked at, given its result: undefined if it is broken, or has none. */
export type FactsOf = (result?: unknown) => Facts;

/** Notes what became of each step, and goes on after a failed check. */
export class Findings implements Steps {
  readonly #all = new Map<string, Finding>();
  /** Gives the facts of a step that is run without a `factsOf` of its own. Set it before the first such step. */
  factsOf!: (rule: string, result?: unknown) => Facts;

  get(rule: string): Finding | undefined {
    return this.#all.get(rule);
  }

  /** What the first broken rule threw. */
  get error(): unknown {
    return this.#broken[0]?.error;
  }

  get failures(): number {
    return this.#broken.length;
  }

  get #broken(): readonly Finding[] {
    return [...this.#all.values()].filter(({ error }) => error !== undefined);
  }

  note(rule: string, facts: Facts): void {
    this.#all.set(rule, { rule, ...facts });
  }

  take<T>(rule: string, step: () => T, factsOf: FactsOf = (result) => this.factsOf(rule, result)): T {
    // As at a login, nobody else is asked about a token that is too long. That is one fault, not two.
    const { error: tooLong } = this.#all.get("length") ?? {};
    if (rule === "introspection" && tooLong instanceof Error) throw tooLong;
    try {
      const result = step();
      if (result instanceof Promise) return this.#later(rule, result, factsOf) as T;
      this.note(rule, factsOf(result));
      return result;
    } catch (error) {
      this.#failed(rule, error, factsOf);
      throw error;
    }
  }

  /** Runs a step that refuses nothing: a TokenError is noted, and `otherwise` is returned. */
  attempt<T>(rule: string, step: () => T, otherwise: T): T {
    try {
      const result = step();
      this.note(rule, this.factsOf(rule, result));
      return result;
    } catch (error) {
      if (!(error instanceof TokenError)) {
        this.#failed(rule, error, () => this.factsOf(rule));
        throw error;
      }
      this.note(rule, notAsked(error.message));
      return otherwise;
    }
  }

  check(rule: string, step: () => unknown, factsOf?: FactsOf): void {
    try {
      this.take(rule, step, factsOf);
    } catch {
      // It is noted, and what follows can be judged all the same.
    }
  }

  checks<S>(steps: readonly (readonly [string, S])[], run: (step: S) => void): void {
    for (const [rule, step] of steps) {
      this.check(rule, () => {
        run(step);
      });
    }
  }

  async #later<T>(rule: string, pending: Promise<T>, factsOf: FactsOf): Promise<T> {
    try {
      const result = await pending;
      this.note(rule, factsOf(result));
      return result;
    } catch (error) {
      this.#failed(rule, error, factsOf);
      throw error;
    }
  }

  #failed(rule: string, error: unknown, factsOf: FactsOf): void {
    this.#all.set(rule, { rule, ...factsOf(), error });
  }
}
