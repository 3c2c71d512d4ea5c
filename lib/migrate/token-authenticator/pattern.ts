/** Is a character, as its code point, one that a pattern asks for? */
export type Characters = (codePoint: number) => boolean;

/** Does a place in a text, before its character at `position`, hold what `^`, `$`, `\b` and `\B` ask for? */
export type Place = (text: readonly number[], position: number) => boolean;

/** Adds the states of a part of a pattern, with those that follow it already there, and gives the state it begins with. */
export type Part = (states: States, next: number) => number;

type Kind =
  | { readonly kind: "accept" }
  | { readonly kind: "character"; readonly accepts: Characters; readonly next: number }
  | { readonly kind: "fork" }
  | { readonly kind: "place"; readonly holds: Place }
  | { readonly kind: "ahead"; readonly start: number; readonly negative: boolean };

/** With the states that lead to it without a character. */
type State = Kind & { readonly index: number; readonly stratum: number; readonly before: State[] };

/** How many states a pattern may have: with the length of texts, this bounds the work. */
const MAX_STATES = 1_000;

/** Too many states. */
export class PatternTooLarge extends Error {}

/** The states of a pattern: a nondeterministic automaton. */
class States {
  readonly all: State[] = [];
  /** What is looked ahead for is decided before what asks for it: strata are evaluated from the last to the first. */
  strata = 1;
  #stratum = 0;

  accept(): number {
    return this.#add({ kind: "accept" }, []);
  }

  character(accepts: Characters, next: number): number {
    return this.#add({ kind: "character", accepts, next }, []);
  }

  fork(...next: readonly number[]): number {
    return this.#add({ kind: "fork" }, next);
  }

  place(holds: Place, next: number): number {
    return this.#add({ kind: "place", holds }, [next]);
  }

  ahead(part: Part, negative: boolean, next: number): number {
    const outer = this.#stratum;
    this.#stratum = this.strata++;
    const start = part(this, this.accept());
    this.#stratum = outer;
    return this.#add({ kind: "ahead", start, negative }, [next]);
  }

  /** Lets a fork lead to one more state, so that a loop can come back to it. */
  connect(fork: number, next: number): void {
    this.all[next]?.before.push(...this.all.slice(fork, fork + 1));
  }

  #add(kind: Kind, next: readonly number[]): number {
    const index = this.all.length;
    if (index === MAX_STATES) throw new PatternTooLarge();
    this.all.push({ ...kind, index, stratum: this.#stratum, before: [] });
    for (const each of next) this.connect(index, each);
    return index;
  }
}

/**
 * A pattern that is matched in time proportional to the text: for each place in it, from its end, the states from which
 * the rest matches. Nothing is tried twice, so that no text makes it slow.
 */
export class Pattern {
  readonly #states = new States();
  /** The states from which matching at a place begins, the end or a character: by stratum, from the last to the first. */
  readonly #beginnings: readonly (readonly State[])[];
  readonly #end: number;
  readonly #start: number;

  /** @throws PatternTooLarge */
  constructor(part: Part) {
    this.#end = this.#states.accept();
    this.#start = part(this.#states, this.#end);
    const { all, strata } = this.#states;
    const beginnings = all.filter(({ kind }) => kind === "accept" || kind === "character");
    this.#beginnings = Array.from({ length: strata }, (_, stratum) =>
      beginnings.filter((state) => state.stratum === stratum),
    ).reverse();
  }

  /** @param whole - must the pattern match all of the text, or only some part of it? */
  matches(text: readonly number[], whole: boolean): boolean {
    let after = new Uint8Array(this.#states.all.length);
    let matching = new Uint8Array(after.length);
    for (let position = text.length; position >= 0; position--) {
      this.#match(text, position, after, matching.fill(0), !whole || position === text.length);
      if (matching[this.#start] === 1 && (!whole || position === 0)) return true;
      [after, matching] = [matching, after];
    }
    return false;
  }

  /**
   * Marks the states from which what is left of the text matches.
   *
   * @param after - those from which it matches one character on
   */
  #match(text: readonly number[], position: number, after: Uint8Array, matching: Uint8Array, mayEnd: boolean): void {
    const found: State[] = [];
    for (const beginnings of this.#beginnings) {
      for (const state of beginnings) {
        if (!this.#begins(state, text[position], after, mayEnd)) continue;
        matching[state.index] = 1;
        found.push(state);
      }
      for (let state = found.pop(); state !== undefined; state = found.pop()) {
        for (const before of state.before) {
          if (matching[before.index] === 1 || !isMet(before, text, position, matching)) continue;
          matching[before.index] = 1;
          found.push(before);
        }
      }
    }
  }

  #begins(state: State, character: number | undefined, after: Uint8Array, mayEnd: boolean): boolean {
    if (state.kind === "accept") return state.index !== this.#end || mayEnd;
    if (state.kind !== "character" || character === undefined) return false;
    return after[state.next] === 1 && state.accepts(character);
  }
}

function isMet(state: State, text: readonly number[], position: number, matching: Uint8Array): boolean {
  if (state.kind === "place") return state.holds(text, position);
  return state.kind !== "ahead" || (matching[state.start] === 1) !== state.negative;
}
