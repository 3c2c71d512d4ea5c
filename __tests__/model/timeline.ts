import { seconds } from "./time.js";

/** A value that changes, and what it was when. */
export class Timeline<T> {
  readonly #changes: { readonly at: number; readonly value: T }[];

  constructor(value: T) {
    this.#changes = [{ at: -Infinity, value }];
  }

  get now(): T {
    return (this.#changes.at(-1) as { readonly value: T }).value;
  }

  set(value: T): void {
    if (value !== this.now) this.#changes.push({ at: seconds(), value });
  }

  /** Did it hold at all moments from one time to another? */
  always(holds: (value: T) => boolean, from: number, to: number): boolean {
    return this.#during(from, to).every(holds);
  }

  changed(from: number, to: number): boolean {
    return this.#during(from, to).length > 1;
  }

  #during(from: number, to: number): readonly T[] {
    return this.#changes
      .filter(({ at }, index) => at <= to && (this.#changes[index + 1]?.at ?? Infinity) >= from)
      .map(({ value }) => value);
  }
}
