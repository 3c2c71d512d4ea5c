import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

import { expect, jest, test } from "@jest/globals";
import { transformSync } from "@swc/core";
import fc from "fast-check";

import type { About } from "./commands.js";
import { INVARIANTS } from "./invariants.js";
import { modelOf } from "./run.js";
import type { Lib } from "./world.js";

interface Fault {
  readonly what: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  readonly breaks: keyof typeof INVARIANTS;
  /** What the schedules are about that show it. */
  readonly by: About;
  /** Of schedules that show it soon. Others do too, some thousands later. */
  readonly seed: number;
}

const FAULTS: readonly Fault[] = [
  {
    what: "keys serve no longer than `cacheMaxAge` while fetches fail",
    file: "remote/refreshed.ts",
    from: "secondsSince(this.#fetchedAt) <= this.#settings.staleIfError",
    to: "secondsSince(this.#fetchedAt) <= this.#settings.cacheMaxAge",
    breaks: "knownKeysServeThroughOutages",
    by: "outages",
    seed: 1,
  },
  {
    what: "a set looks younger when the clock was set back",
    file: "support/moment.ts",
    from: "Math.max(Math.abs(Date.now() - wall), performance.now() - steady)",
    to: "Math.abs(Date.now() - wall)",
    breaks: "withdrawnKeysAreRefused",
    by: "rotations",
    seed: 4,
  },
  {
    what: "an old set serves as long as it is wanted",
    file: "remote/refreshed.ts",
    from: "if (age <= 2 * cacheMaxAge) return true;",
    to: "if (age <= 20 * cacheMaxAge) return true;",
    breaks: "withdrawnKeysAreRefused",
    by: "rotations",
    seed: 1,
  },
  {
    what: "a fetch that began before the question answers it",
    file: "remote/refreshed.ts",
    from: "value !== undefined && (this.#answered >= question || (await suits(value)))",
    to: "value !== undefined",
    breaks: "newKeysAreAccepted",
    by: "rotations",
    seed: 4,
  },
  {
    what: "a fetch that comes too late goes on to ask, and counts as the next one",
    file: "tokens/keys/remote-jwks.ts",
    from: "signal.throwIfAborted();",
    to: "",
    breaks: "fetchesKeepTheCooldown",
    by: "outages",
    seed: 3,
  },
  {
    what: "`cooldown` begins with a fetch, not at its end",
    file: "remote/refreshed.ts",
    from: "this.#endedAt = now()",
    to: "this.#endedAt = startedAt",
    breaks: "fetchesKeepTheCooldown",
    by: "outages",
    seed: 1,
  },
  {
    what: "a deadline is only signalled",
    file: "remote/request.ts",
    from: "await inTime(seconds, work(abort.signal), `no complete answer within ${String(seconds)} s`)",
    to: "await inTime(seconds, work(abort.signal), `late`).catch(() => work(abort.signal))",
    breaks: "questionsSettle",
    by: "outages",
    seed: 1,
  },
  {
    what: "a process trusts a clock that was set back before its first token came",
    file: "login/observed-clock.ts",
    from: "this.#lag = steady - wall;",
    to: "this.#lag = Number.NaN;",
    breaks: "noTokenIsUsedTwice",
    by: "usedTokens",
    seed: 6,
  },
  {
    what: "a token that may be forgotten is judged by the clock that was set back",
    file: "login/single-use.ts",
    from: "this.#clock.nowSince(from)",
    to: "now",
    breaks: "noTokenIsUsedTwice",
    by: "usedTokens",
    seed: 1,
  },
  {
    what: "a used token is remembered until it expires, by the widest tolerance, and no longer",
    file: "login/single-use.ts",
    from: "+ CLOCK_MARGIN",
    to: "",
    breaks: "noTokenIsUsedTwice",
    by: "usedTokens",
    seed: 4,
  },
  {
    what: "points are given back to whatever window there is by then",
    file: "limits/failure-limit.ts",
    from: "if (point.isGone()) return;",
    to: "",
    breaks: "noWindowHasMoreFailuresThanPoints",
    by: "limits",
    seed: 1,
  },
  {
    what: "an inactive token is refused for a minute",
    file: "access/token-cache.ts",
    from: "INACTIVE_AGE = 5_000",
    to: "INACTIVE_AGE = 60_000",
    breaks: "revokedTokensAreRefused",
    by: "introspection",
    seed: 1,
  },
];

/** lib/ with one change. */
function libWith({ file, from, to }: Fault): Lib {
  const path = join(process.cwd(), "lib", file);
  const source = readFileSync(path, "utf8");
  expect(source.split(from).length).toBe(2);
  const { code } = transformSync(source.replace(from, to), {
    filename: path,
    swcrc: false,
    jsc: { parser: { syntax: "typescript" }, target: "es2023" },
    module: { type: "commonjs" },
  });
  const required = (id: string): unknown =>
    jest.requireActual(id.startsWith(".") ? resolve(dirname(path), id.replace(/\.js$/, ".ts")) : id);
  // eslint-disable-next-line @typescript-eslint/no-implied-eval
  const run = new Function("require", "exports", code) as (require: unknown, exports: object) => void;
  const made: Lib[] = [];
  jest.isolateModules(() => {
    jest.doMock(path, () => {
      const exported = {};
      run(required, exported);
      return exported;
    });
    made.push(jest.requireActual<Lib>("matrix-jwt-login"));
    jest.dontMock(path);
  });
  const [lib] = made;
  if (lib === undefined) throw new Error("not loaded");
  return lib;
}

test.each(FAULTS)(
  "$breaks is broken if $what",
  async (fault) => {
    const model = modelOf(libWith(fault), [fault.by], [INVARIANTS[fault.breaks]]);
    const { failed } = await fc.check(model, { seed: fault.seed, numRuns: 20_000, endOnFailure: true });
    expect(failed).toBe(true);
  },
  600_000,
);
