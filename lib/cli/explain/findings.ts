/** What a rule looked at. */
export interface Facts {
  /** Do the options ask for it? */
  readonly asked: boolean;
  readonly text: string;
}

export interface Finding extends Facts {
  readonly rule: string;
  /** What the rule threw, where it is broken. */
  readonly error?: unknown;
}

export function seen(text: string): Facts {
  return { asked: true, text };
}

export function notAsked(why: string): Facts {
  return { asked: false, text: `not checked: ${why}` };
}

/** What came of each rule that could be applied, in their order. */
export class Findings {
  readonly #all = new Map<string, Finding>();

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

  /**
   * Applies one rule of the library's.
   *
   * @param facts - what it looked at, given what it came to: undefined where it is broken
   * @returns what it came to, or undefined where it is broken
   */
  async apply<T>(rule: string, facts: (result?: T) => Facts, check: () => T | Promise<T>): Promise<T | undefined> {
    try {
      const result = await check();
      this.note(rule, facts(result));
      return result;
    } catch (error) {
      this.#all.set(rule, { rule, ...facts(), error });
      return undefined;
    }
  }
}
