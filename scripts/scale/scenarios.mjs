import { createTokenVerifier } from "../../dist/esm/index.js";
import virtualTime from "../virtual-time.cjs";
import { options, Provider, tokenOf } from "./provider.mjs";

// Loaded when first needed, it would take real time in the midst of virtual time.
await import("jwks-rsa");

const { VirtualTime } = virtualTime;
const MS = 1_000;
const START = 2_000_000_000 * MS;
const OLD = tokenOf("old");
const NEW = tokenOf("new");
/** Made once: signing is slow, and the signature of an unknown key is never looked at. */
const FORGED = Array.from({ length: 2_000 }, (_, index) => tokenOf("forged", `forged ${index}`));

/** Replicas, under virtual time. Each has keys of its own, as processes do. */
class Fleet {
  #time;
  #verifiers;

  constructor(time, provider, size, jwksOptions) {
    this.#time = time;
    const made = () => createTokenVerifier(options(provider, jwksOptions), { logger: false });
    this.#verifiers = Array.from({ length: size }, made);
  }

  /** One login at each replica at this moment. Resolves when all are answered: to the longest wait in seconds, and how many failed. */
  async logIn(token) {
    const begun = this.#time.now;
    const waits = await Promise.all(
      this.#verifiers.map((verifier) =>
        verifier.verify(token).then(
          () => this.#time.now - begun,
          () => undefined,
        ),
      ),
    );
    const good = waits.filter((wait) => wait !== undefined);
    return { wait: good.reduce((most, wait) => Math.max(most, wait), 0) / MS, lost: waits.length - good.length };
  }

  /** Logins at each replica, now and then every some seconds, whether those before are answered or not. */
  async keepLoggingIn(token, { seconds, every }) {
    const answers = [];
    for (let passed = 0; passed < seconds; passed += every) {
      answers.push(this.logIn(token));
      await this.#time.pass(every * MS);
    }
    return answers;
  }

  /** Forged tokens at each replica, spread over a second. */
  async flood(perSecond) {
    const each = Math.min(10, perSecond);
    for (let sent = 0; sent < perSecond; sent += each) {
      for (const verifier of this.#verifiers) {
        for (let index = sent; index < sent + each; index += 1) {
          verifier.verify(FORGED[index % FORGED.length]).catch(() => undefined);
        }
      }
      await this.#time.pass((each / perSecond) * MS);
    }
  }
}

/** Runs a scenario under a time of its own, and waits until every login is answered. */
async function under(size, scenario, { warm = true, jwksOptions, cached = 0 } = {}) {
  const time = new VirtualTime(START);
  time.install();
  try {
    const provider = new Provider(time);
    provider.cached = cached;
    const fleet = new Fleet(time, provider, size, jwksOptions);
    if (warm) await Promise.all([fleet.logIn(OLD), time.pass(60 * MS)]);
    const begun = time.now / MS;
    const result = await scenario({ time, provider, fleet, begun });
    await time.pass(60 * MS);
    return await result();
  } finally {
    time.restore();
  }
}

const sum = (answers) => answers.reduce((all, { lost }) => all + lost, 0);

/** All replicas start at once; then an hour with logins at each. */
export const steady = (size) =>
  under(
    size,
    async ({ provider, fleet }) => {
      const answers = await fleet.keepLoggingIn(OLD, { seconds: 3_660, every: 20 });
      return async () => ({
        start: provider.load(0, 1).peak,
        ...provider.load(60, 3_660),
        lost: sum(await Promise.all(answers)),
      });
    },
    { warm: false },
  );

/** A new key signs without notice, and its tokens come to each replica every second. */
export const rotation = (size, { perSecond = Infinity, cached = 0, jwksOptions = {} } = {}) =>
  under(
    size,
    async ({ time, provider, fleet }) => {
      // The worst moment: the cache has just been filled.
      if (cached > 0) await Promise.all([provider.fetch(), time.pass(100)]);
      const begun = time.now / MS;
      Object.assign(provider, { kids: ["new", "old"], perSecond });
      const every = 1;
      const pending = await fleet.keepLoggingIn(NEW, { seconds: 40, every });
      return async () => {
        const answers = await Promise.all(pending);
        const late = answers.map(({ wait }, index) => (wait > 0 ? index * every + wait : 0));
        return {
          ...provider.load(begun),
          lastKnows: answers.at(-1).lost > 0 ? Infinity : Math.max(...late),
          lost: sum(answers) / (size * answers.length),
          lostFor: answers.findLastIndex(({ lost }) => lost > 0) + 1,
        };
      };
    },
    { jwksOptions, cached },
  );

/** The new key is published, and signs 2 x `cacheMaxAge` later. */
export const announcedRotation = (size) =>
  under(size, async ({ provider, fleet }) => {
    provider.kids = ["new", "old"];
    await fleet.keepLoggingIn(OLD, { seconds: 1_220, every: 20 });
    const pending = await fleet.keepLoggingIn(NEW, { seconds: 5, every: 1 });
    return async () => {
      const answers = await Promise.all(pending);
      return { wait: Math.max(...answers.map(({ wait }) => wait)), lost: sum(answers) };
    };
  });

/** The provider refuses connections, for longer than keys are fresh; logins with a known key come all the time. */
export const outage = (size) =>
  under(size, async ({ time, provider, fleet }) => {
    await time.pass(600 * MS);
    provider.down = true;
    const begun = time.now / MS;
    const pending = await fleet.keepLoggingIn(OLD, { seconds: 900, every: 5 });
    const ended = time.now / MS;
    provider.down = false;
    pending.push(...(await fleet.keepLoggingIn(OLD, { seconds: 10, every: 1 })));
    return async () => ({
      ...provider.load(begun, ended),
      seconds: ended - begun,
      after: provider.load(ended).peak,
      lost: sum(await Promise.all(pending)),
    });
  });

/** Forged tokens of unknown keys at each replica; then a new key signs, and one login with it comes every second. */
export const flood = (size, forged) =>
  under(size, async ({ time, provider, fleet, begun }) => {
    const seconds = 30;
    const known = [];
    const fresh = [];
    for (let second = 0; second < seconds; second += 1) {
      await fleet.flood(forged);
      known.push(fleet.logIn(OLD));
      if (second === 10) provider.kids = ["new", "old"];
      if (second >= 10) fresh.push(fleet.logIn(NEW));
    }
    const load = provider.load(begun, time.now / MS);
    return async () => {
      const [ofKnown, ofNew] = [await Promise.all(known), await Promise.all(fresh)];
      return {
        ...load,
        seconds,
        lostKnown: sum(ofKnown),
        waitKnown: Math.max(...ofKnown.map(({ wait }) => wait)),
        lostNew: ofNew.filter(({ lost }) => lost > 0).length,
        waitNew: Math.max(...ofNew.map(({ wait }) => wait)),
      };
    };
  });
