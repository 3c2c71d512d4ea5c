import fc from "fast-check";

import type { VirtualTime } from "../../scripts/virtual-time.cjs";
import { BEHAVIOURS, type Behaviour, type Part } from "./provider.js";
import { ISSUER } from "./settings.js";
import { FAULTS, type Fault } from "./stores.js";
import { KIDS } from "./tokens.js";
import type { Replica, Sent, World } from "./world.js";

/** What a schedule acts on. */
export interface Run {
  readonly world: World;
  readonly time: VirtualTime;
}

/** The model is what the world records. See invariants.ts. */
type Model = object;

class Command implements fc.AsyncCommand<Model, Run> {
  readonly #name: string;
  readonly #act: (run: Run) => void | Promise<void>;

  constructor(name: string, act: (run: Run) => void | Promise<void>) {
    this.#name = name;
    this.#act = act;
  }

  check(): boolean {
    return true;
  }

  async run(_: Model, run: Run): Promise<void> {
    await this.#act(run);
  }

  toString(): string {
    return this.#name;
  }
}

const ADDRESS = "192.0.2.1";
const replica = fc.constantFrom<Replica>(0, 1);

function ask(replica: Replica, sent: Sent): Command {
  return new Command(`${sent.way} ${JSON.stringify({ replica, ...sent })}`, ({ world, time }) =>
    world.ask(replica, sent, () => time.pass(0)),
  );
}

const pass = fc
  .constantFrom(0.03, 0.5, 1.5, 3, 4.5, 5.5, 9, 25, 31, 59, 62, 95, 118, 125, 160, 601)
  .map((duration) => new Command(`${String(duration)} s pass`, ({ time }) => time.pass(duration * 1_000)));

function jumps(...by: readonly number[]): fc.Arbitrary<Command> {
  return fc.constantFrom(...by, ...by.map((seconds) => -seconds)).map(
    (by) =>
      new Command(`the clock is set by ${String(by)} s`, ({ world, time }) => {
        world.jumps.push({ at: time.now / 1_000, by });
        time.jump(by * 1_000);
      }),
  );
}
const smallJump = jumps(5, 60, 90, 120);
const jump = jumps(5, 60, 90, 120, 3_600, 86_400);

// Most of the time it works.
const behaviour = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom<Behaviour>("answers", "slow") },
  { weight: 1, arbitrary: fc.constantFrom(...BEHAVIOURS) },
);
function endpointOf(...parts: readonly Part[]): fc.Arbitrary<Command> {
  return fc.record({ part: fc.constantFrom(...parts), behaviour }).map(
    ({ part, behaviour }) =>
      new Command(`${part}: ${behaviour}`, ({ world }) => {
        world.provider.behaviour[part].set(behaviour);
      }),
  );
}

const delay = fc.constantFrom<Behaviour>("answers", "slow").map(
  (behaviour) =>
    new Command(`keys: ${behaviour}`, ({ world }) => {
      world.provider.behaviour.keys.set(behaviour);
    }),
);

function toggle(...names: readonly string[]): fc.Arbitrary<Command> {
  return fc.record({ name: fc.constantFrom(...names), good: fc.boolean() }).map(
    ({ name, good }) =>
      new Command(`${name} is ${good ? "good" : "withdrawn"}`, ({ world }) => {
        world.provider.goodOf(name).set(good);
      }),
  );
}
const rotation = toggle(...KIDS);
const revocation = toggle("token 0", "token 1");

const move = fc.nat({ max: 2 }).map(
  (place) =>
    new Command(`the keys move to place ${String(place)}`, ({ world }) => {
      world.provider.place.set(`${ISSUER}/keys/${String(place)}`);
    }),
);

const way = fc.constantFrom("login" as const, "bearer" as const);
const key = fc.constantFrom(...KIDS, ...KIDS, "key unknown");
const askByKey = fc.record({ replica, token: key, way }).map(({ replica, ...sent }) => ask(replica, sent));

const opaque = fc.constantFrom("token 0", "token 1");
const askProvider = fc.record({ replica, token: opaque, way }).map(({ replica, ...sent }) => ask(replica, sent));

const flood = fc.record({ replica, size: fc.integer({ min: 2, max: 5 }) }).map(
  ({ replica, size }) =>
    new Command(`${String(size)} forged keys at replica ${String(replica)}`, async ({ world, time }) => {
      const tokens = Array.from({ length: size }, (_, index) => `key forged ${String(index)}`);
      await Promise.all(tokens.map((token) => world.ask(replica, { token, way: "login" }, () => time.pass(0))));
    }),
);

/** Seconds that a callback takes. */
const slow = fc.constantFrom(0, 0, 1, 3, 40, 130);
const single = fc.constantFrom("single 0", "single 1", "single 2");
const askOnce = fc
  .record({
    replica,
    token: single,
    way: fc.constantFrom("login" as const, "login" as const, "again" as const),
    slow,
    fails: fc.boolean(),
  })
  .map(({ replica, ...sent }) => ask(replica, sent));

const fromOneAddress = fc
  .record({ replica, token: fc.constantFrom("many honest", "many forged", "key 1"), slow })
  .map(({ replica, ...sent }) => ask(replica, { ...sent, way: "login", ip: ADDRESS }));

const burst = replica.map(
  (replica) =>
    new Command(`4 forged tokens at replica ${String(replica)}`, async ({ world, time }) => {
      for (let count = 0; count < 4; count += 1) {
        await world.ask(replica, { token: "many forged", way: "login", ip: ADDRESS }, () => time.pass(0));
      }
    }),
);

const faults = fc
  .record({
    store: fc.constantFrom("usedTokens" as const, "failures" as const),
    faults: fc.array(fc.constantFrom<Fault>(...FAULTS), { minLength: 1, maxLength: 3 }),
  })
  .map(
    ({ store, faults }) =>
      new Command(`${store} fails: ${faults.join(", ")}`, ({ world }) => {
        world[store].fail(faults);
      }),
  );

const restart = replica.map(
  (replica) =>
    new Command(`replica ${String(replica)} restarts`, ({ world }) => {
      world.restart(replica);
    }),
);

const rotations = [pass, smallJump, delay, rotation, askByKey, askByKey];
const outages = [pass, pass, endpointOf("discovery", "keys", "keys"), rotation, move, askByKey, askByKey, askByKey];
const introspection = [pass, pass, endpointOf("introspection"), revocation, revocation, askProvider, askProvider];
const usedTokens = [pass, pass, smallJump, askOnce, askOnce, askOnce, faults, restart];
const limits = [pass, pass, jump, fromOneAddress, burst, faults, restart];
const all = [
  ...outages,
  endpointOf("introspection"),
  jump,
  flood,
  restart,
  revocation,
  askProvider,
  askOnce,
  fromOneAddress,
  faults,
];
const COMMANDS = { rotations, outages, introspection, usedTokens, limits, all };

export type About = keyof typeof COMMANDS;

/** Schedules: what happens, in which order. */
export function schedules(...about: readonly About[]) {
  return fc.oneof(
    ...about.map((name) => fc.commands<Model, Run, false>(COMMANDS[name], { size: "+1", maxCommands: 30 })),
  );
}
