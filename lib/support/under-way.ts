import { type Moment, now, since } from "./moment.js";

interface Work<T> {
  readonly begunAt: Moment;
  readonly done: Promise<T>;
}

/** Work under way in this process, by name: whoever asks for the same meanwhile shares it. */
export class UnderWay<T> {
  readonly #all = new Map<string, Work<T>>();
  readonly #patience: number;

  /** @param patience - milliseconds after which work that is still under way is no longer shared: what it waits for may never come */
  constructor(patience = Infinity) {
    this.#patience = patience;
  }

  get(name: string): Promise<T> | undefined {
    const work = this.#all.get(name);
    return work !== undefined && since(work.begunAt) < this.#patience ? work.done : undefined;
  }

  /** Shares work with whoever asks from now on. */
  share(name: string, begin: () => Promise<T>): Promise<T> {
    const work: Work<T> = {
      begunAt: now(),
      done: begin().finally(() => {
        if (this.#all.get(name) === work) this.#all.delete(name);
      }),
    };
    this.#all.set(name, work);
    return work.done;
  }
}
