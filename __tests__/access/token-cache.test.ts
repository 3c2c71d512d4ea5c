import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import fc from "fast-check";

import { cacheKey, TokenCache, type Verified } from "../../lib/access/token-cache.js";
import { thrownBy } from "../helpers/core.js";
import { movableClock, type Clock } from "../helpers/clock.js";

let clock: Clock;
beforeEach(() => {
  clock = movableClock();
  clock.stopAt(1_000_000);
});
afterEach(() => {
  clock.restore();
});

class Inactive extends Error {}

const cacheOf = (maxEntries = 3, maxAge = 120) =>
  new TokenCache<string>({ maxEntries, maxAge }, (error) => error instanceof Inactive);

interface Deferred {
  readonly promise: Promise<Verified<string>>;
  readonly resolve: (value: Verified<string>) => void;
  readonly reject: (reason: Error) => void;
}

function deferred(): Deferred {
  let settle: Omit<Deferred, "promise"> | undefined;
  const promise = new Promise<Verified<string>>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...(settle as unknown as Omit<Deferred, "promise">) };
}

const verified = (value: string, validity: Partial<Verified<string>> = {}): Verified<string> => ({
  value,
  endsAt: Infinity,
  isCurrent: () => true,
  ...validity,
});

describe("a cache of verified tokens", () => {
  test("knows a token by its SHA-256", () => {
    expect(cacheKey("abc")).toBe("ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
  });

  test("keeps nothing that failed", async () => {
    const cache = cacheOf();
    const refuse = () => {
      throw new Error("refused");
    };
    expect(() => cache.verify("a", refuse)).toThrow("refused");
    await expect(cache.verify("a", () => Promise.reject(new Error("refused")))).rejects.toThrow("refused");
    expect(cache.find("a")).toBeUndefined();
    expect(
      thrownBy(() => {
        cache.refuseInactive("a");
        throw new Error("nothing kept");
      }),
    ).toMatchObject({ message: "nothing kept" });
    expect(cache.verify("a", () => verified("A"))).toBe("A");
  });

  test("verifies once for all who ask at the same time, and again after it failed", async () => {
    const cache = cacheOf();
    const [failure, success] = [deferred(), deferred()];
    let asked = 0;
    const verify = () => {
      asked += 1;
      return asked === 1 ? failure.promise : success.promise;
    };
    const failing = [1, 2, 3].map(async () => cache.verify("a", verify));
    failure.reject(new Error("down"));
    for (const result of await Promise.allSettled(failing)) expect(result.status).toBe("rejected");
    expect(asked).toBe(1);

    const succeeding = [1, 2, 3].map(async () => cache.verify("a", verify));
    success.resolve(verified("A"));
    expect(await Promise.all(succeeding)).toEqual(["A", "A", "A"]);
    expect(asked).toBe(2);
    expect(cache.find("a")).toBe("A");
  });

  test("counts a token's age from when it was asked about", async () => {
    const cache = cacheOf(3, 10);
    const { promise, resolve } = deferred();
    const verification = cache.verify("a", () => promise);
    clock.move(4);
    resolve(verified("A"));
    await verification;
    clock.move(5.9);
    expect(cache.find("a")).toBe("A");
    clock.move(0.1);
    expect(cache.find("a")).toBeUndefined();
  });

  test("forgets a token whose key is found to be gone, for all who ask at the same time", async () => {
    const cache = cacheOf();
    expect(cache.verify("a", () => verified("A", { isCurrent: () => Promise.resolve(false) }))).toBe("A");
    expect(await Promise.all([cache.find("a"), cache.find("a")])).toEqual([undefined, undefined]);
    expect(cache.find("a")).toBeUndefined();
  });

  test("refuses a token that is not active for 5 seconds, and no longer", async () => {
    const cache = cacheOf();
    await expect(cache.verify("a", () => Promise.reject(new Inactive()))).rejects.toThrow(Inactive);
    const ask = () => {
      cache.refuseInactive("a");
    };
    clock.move(4.9);
    expect(ask).toThrow(Inactive);
    clock.stopAt(1_000_005);
    expect(ask).not.toThrow();
  });

  test("keeps a token that was verified anew while the first one's key was looked for", async () => {
    const cache = cacheOf();
    let answer: (isCurrent: boolean) => void = () => undefined;
    const isCurrent = () => new Promise<boolean>((resolve) => (answer = resolve));
    expect(cache.verify("a", () => verified("old", { isCurrent }))).toBe("old");
    const found = cache.find("a");
    expect(cache.verify("a", () => verified("new"))).toBe("new");
    answer(false);
    expect(await found).toBeUndefined();
    expect(cache.find("a")).toBe("new");
  });

  test("takes what was kept before the clock was set back for old", () => {
    const cache = cacheOf(3, 10);
    expect(cache.verify("a", () => verified("A"))).toBe("A");
    clock.move(-10);
    expect(cache.find("a")).toBeUndefined();
  });
});

/** What the rules say, in the simplest code: a list, the most recently used last. */
class Model {
  readonly #maxEntries: number;
  kept: { key: string; keptAt: number; endsAt: number; generation: number }[] = [];
  inactive: { key: string; keptAt: number }[] = [];
  now = 0;
  generation = 0;

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  find(key: string, maxAge: number): boolean {
    const entry = this.kept.find((one) => one.key === key);
    this.kept = this.kept.filter((one) => one.key !== key);
    if (entry === undefined) return false;
    const good = this.now - entry.keptAt < maxAge && this.now < entry.endsAt && entry.generation === this.generation;
    if (good) this.kept.push(entry);
    return good;
  }

  knowsInactive(key: string): boolean {
    const entry = this.inactive.find((one) => one.key === key);
    this.inactive = this.inactive.filter((one) => one.key !== key);
    const good = entry !== undefined && this.now - entry.keptAt < 5;
    if (good) this.inactive.push(entry);
    return good;
  }

  keep(key: string, endsAt: number): void {
    this.kept.push({ key, keptAt: this.now, endsAt, generation: this.generation });
    this.kept = this.kept.slice(-this.#maxEntries);
  }

  keepInactive(key: string): void {
    this.inactive.push({ key, keptAt: this.now });
    this.inactive = this.inactive.slice(-this.#maxEntries);
  }
}

type Step =
  | {
      readonly do: "use";
      readonly token: number;
      readonly is: "good" | "forged" | "inactive";
      readonly lifetime: number;
    }
  | { readonly do: "wait"; readonly seconds: number }
  | { readonly do: "rotate" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("use" as const),
      token: fc.integer({ min: 0, max: 6 }),
      is: fc.constantFrom("good" as const, "good" as const, "forged" as const, "inactive" as const),
      lifetime: fc.integer({ min: 1, max: 60 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("wait" as const), seconds: fc.integer({ min: 1, max: 15 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("rotate" as const) }) },
);

const MAX_AGE = 30;

test("does in every order of uses, waits, rotations and forgeries what the rules say", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 60 }), async (maxEntries, steps) => {
      clock.stopAt(1_000_000);
      const cache = cacheOf(maxEntries, MAX_AGE);
      const model = new Model(maxEntries);
      for (const each of steps) {
        if (each.do === "wait") {
          clock.move(each.seconds);
          model.now += each.seconds;
        } else if (each.do === "rotate") {
          model.generation += 1;
        } else {
          const key = String(each.token);
          const known = model.find(key, MAX_AGE);
          expect(cache.find(key)).toBe(known ? key : undefined);
          if (known) continue;
          const refused = model.knowsInactive(key);
          const refusal = thrownBy(() => {
            cache.refuseInactive(key);
            throw new Error("not refused");
          });
          expect(refusal instanceof Inactive).toBe(refused);
          if (refused) continue;
          await use(cache, model, key, each);
        }
      }
    }),
    { numRuns: 300 },
  );
});

async function use(
  cache: TokenCache<string>,
  model: Model,
  key: string,
  { is, lifetime }: Step & { do: "use" },
): Promise<void> {
  if (is === "good") {
    const { generation } = model;
    const validity = { endsAt: Date.now() + lifetime * 1_000, isCurrent: () => generation === model.generation };
    expect(await cache.verify(key, () => verified(key, validity))).toBe(key);
    model.keep(key, model.now + lifetime);
    return;
  }
  const error = is === "inactive" ? new Inactive() : new Error("forged");
  await expect(cache.verify(key, () => Promise.reject(error))).rejects.toBe(error);
  if (is === "inactive") model.keepInactive(key);
}
