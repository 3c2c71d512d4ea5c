/** Work under way in this process, by name: whoever asks for the same meanwhile shares it. */
export class UnderWay<T> {
  readonly #all = new Map<string, Promise<T>>();

  get(name: string): Promise<T> | undefined {
    return this.#all.get(name);
  }

  share(name: string, work: () => Promise<T>): Promise<T> {
    const underWay = this.#all.get(name);
    if (underWay !== undefined) return underWay;
    const begun = this.#untilDone(name, work());
    this.#all.set(name, begun);
    return begun;
  }

  async #untilDone(name: string, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } finally {
      this.#all.delete(name);
    }
  }
}
