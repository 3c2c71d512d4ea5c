import { CACHE_AGE, INACTIVE_AGE, LIMIT, SETTINGS, STORE_DEADLINE } from "./settings.js";
import type { Question, World } from "./world.js";

/** Throws if what happened must not happen. */
export type Invariant = (world: World) => void;

const { cacheMaxAge, staleIfError, cooldown, timeout } = SETTINGS;
/** Of the fake clock's arithmetic. */
const EPSILON = 0.001;

interface Settled extends Question {
  readonly settled: number;
  readonly verdict: string;
}

/** No known key is refused while its endpoint is down and `staleIfError` lasts. */
const knownKeysServeThroughOutages: Invariant = (world) => {
  for (const question of judged(world, "key")) {
    const { token, process, asked, settled, verdict } = question;
    const fetches = world.provider.exchanges.filter(
      (exchange) =>
        exchange.process === process.id && exchange.kids !== undefined && (exchange.ended ?? Infinity) < asked,
    );
    const last = fetches.at(-1);
    if (last?.kids?.includes(token) !== true) continue;
    // The set is as old as its fetch, which may have looked for the endpoint first.
    const from = last.asked - timeout;
    if (settled - from + jumped(world, from, settled) > staleIfError) continue;
    if (world.provider.goodOf(token).always(Boolean, last.asked, settled)) assert(verdict === "200", question);
  }
};

/** A withdrawn key is refused within its bound. */
const withdrawnKeysAreRefused: Invariant = (world) => {
  for (const question of judged(world, "key")) {
    const { token, asked, settled, verdict } = question;
    const since = asked - 2 * cacheMaxAge - timeout;
    const withdrawn = world.provider.goodOf(token).always((good) => !good, since, settled);
    if (withdrawn && world.provider.givesKeys(since, settled)) assert(verdict !== "200", question);
  }
};

/** A new key is accepted within its bound: by whoever asks after it was published. */
const newKeysAreAccepted: Invariant = (world) => {
  for (const question of judged(world, "key")) {
    const { token, asked, settled, verdict } = question;
    if (!world.provider.goodOf(token).always(Boolean, asked, settled)) continue;
    // Requests that use one token at once are one verification: as old as the first of them.
    if (isJoined(world, question)) continue;
    // Whatever is wrong with the provider, nobody is told that the token is.
    assert(verdict === "200" || verdict.startsWith("503"), question);
    if (world.provider.givesKeys(asked - timeout, settled)) assert(verdict === "200", question);
  }
};

/** Two fetches of one document by one process are no closer together than `cooldown`. */
const fetchesKeepTheCooldown: Invariant = (world) => {
  const ends = new Map<string, number>();
  for (const { process, url, asked, ended = Infinity } of world.provider.exchanges) {
    if (url.endsWith("introspect")) continue;
    const name = `${String(process)} ${url}`;
    const before = ends.get(name) ?? -Infinity;
    // A clock that is set counts as time that passed.
    const pause = asked - before + jumped(world, before, asked);
    if (pause < cooldown - EPSILON) throw new Error(`${url} fetched again after ${String(pause)} s`);
    ends.set(name, ended);
  }
};

/** Every question settles within its bound. */
const questionsSettle: Invariant = (world) => {
  for (const question of world.questions) {
    const { process, way, asked, slow, settled = Infinity } = question;
    if (process.ended !== undefined) continue;
    // Limit, claim, release, point given back.
    const stores = way === "bearer" ? 0 : 4 * STORE_DEADLINE;
    const bound = cooldown + 2 * timeout + 1 + stores + slow;
    assert(settled - asked <= bound + EPSILON, question);
  }
};

/** No token is claimed twice. */
const noTokenIsUsedTwice: Invariant = (world) => {
  for (const token of ["single 0", "single 1", "single 2"]) {
    const uses = world.questions.filter((question) => question.token === token && question.verdict === "200");
    const [first, second] = uses;
    if (first === undefined || second === undefined) continue;
    // Clocks may differ by the margin. One that is set back by more than ten minutes was wrong before, and is believed.
    const tooFar = uses.some(({ process }) => startedBehind(world, process) > 60) || setBack(world) > 600;
    // A process that had no login while the clock was ahead knows nothing of that.
    const unseen = first.process !== second.process && offsetAt(world, first) - offsetAt(world, second) > 60;
    assert(tooFar || unseen, second);
  }
};

/** No window has more failures than points. */
const noWindowHasMoreFailuresThanPoints: Invariant = (world) => {
  const failures = judged(world, "many").filter(({ verdict, window }) => verdict.startsWith("403") && window);
  for (const question of failures) {
    const { window } = question;
    const together = failures.filter((other) => other.window === window);
    assert(together.length <= LIMIT.points + (window?.strayed ?? 0), question);
  }
};

/** A revoked token is refused: a login asks each time, a request within `maxAge`. No fault of the server is the token's. */
const revokedTokensAreRefused: Invariant = (world) => {
  for (const question of judged(world, "token")) {
    const { token, way, asked, settled, verdict } = question;
    const { provider } = world;
    const active = provider.goodOf(token);
    const cached = way === "bearer";
    if (verdict === "200") {
      assert(!active.always((good) => !good, asked - (cached ? CACHE_AGE : 0), settled), question);
    } else if (verdict.endsWith("inactive")) {
      assert(!active.always(Boolean, asked - (cached ? INACTIVE_AGE + timeout : 0), settled), question);
    } else {
      assert(verdict.startsWith("503"), question);
      assert(!provider.works("introspection", asked - timeout, settled), question);
    }
  }
};

export const INVARIANTS = {
  knownKeysServeThroughOutages,
  withdrawnKeysAreRefused,
  newKeysAreAccepted,
  fetchesKeepTheCooldown,
  questionsSettle,
  noTokenIsUsedTwice,
  noWindowHasMoreFailuresThanPoints,
  revokedTokensAreRefused,
} satisfies Record<string, Invariant>;

/** Questions about tokens of a login type that were answered, but by a limiter that was down or used up. */
function judged({ questions }: World, type: string): readonly Settled[] {
  return questions.filter(
    (question): question is Settled =>
      question.token.startsWith(type) &&
      question.verdict !== undefined &&
      !/limiter_unavailable|rate_limited/.test(question.verdict),
  );
}

/** Did a request with the same token at the same replica wait already? */
function isJoined({ questions }: World, { process, token, way, asked }: Question): boolean {
  return questions.some(
    (other) =>
      way === "bearer" &&
      other.way === way &&
      other.process === process &&
      other.token === token &&
      other.asked < asked &&
      (other.settled ?? Infinity) >= asked,
  );
}

/** How far the clock was set in some time, on and back. */
function jumped({ jumps }: World, from: number, to: number): number {
  return jumps.filter(({ at }) => at >= from && at <= to).reduce((sum, { by }) => sum + Math.abs(by), 0);
}

/** How far a process's clock was, when it started, behind what the clock had been. */
function startedBehind({ jumps }: World, { jumpsBefore }: Question["process"]): number {
  const before = offsets(jumps.slice(0, jumpsBefore));
  return Math.max(...before) - (before.at(-1) ?? 0);
}

/** How far the clock had been set when a question was settled. */
function offsetAt({ jumps }: World, { settled = Infinity }: Question): number {
  return jumps.filter(({ at }) => at <= settled).reduce((sum, { by }) => sum + by, 0);
}

/** How far the clock was ever behind its earlier self. */
function setBack({ jumps }: World): number {
  const all = offsets(jumps);
  return Math.max(...all.map((offset, index) => Math.max(...all.slice(0, index + 1)) - offset));
}

function offsets(jumps: World["jumps"]): readonly number[] {
  let sum = 0;
  return [0, ...jumps.map(({ by }) => (sum += by))];
}

function assert(holds: boolean, question: Question): void {
  if (holds) return;
  const { process, token, way, slow, asked, settled, verdict } = question;
  throw new Error(JSON.stringify({ process: process.id, token, way, slow, asked, settled, verdict }));
}
