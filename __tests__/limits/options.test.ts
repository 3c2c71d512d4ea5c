import { describe, expect, test } from "@jest/globals";
import { createJwtLogin, createTokenVerifier, matrixJwtLogin, type MatrixJwtLoginOptions } from "matrix-jwt-login";
import {
  BurstyRateLimiter,
  RateLimiterMemory,
  RateLimiterQueue,
  RateLimiterUnion,
  RLWrapperBlackAndWhite,
} from "rate-limiter-flexible";

import { expectOptionsError } from "../helpers/bad-options.js";
import { SECRET } from "../helpers/keys.js";
import { optionsWith, type User } from "../helpers/login.js";

type Row = readonly [what: string, values: Readonly<Record<string, unknown>>, path: string, problem: RegExp];

const memory = () => new RateLimiterMemory({ points: 5, duration: 60 });
const method = () => undefined;

const WRONG: readonly Row[] = [
  ["null", { rateLimits: null }, "rateLimits", /must be an object, not null/],
  ["a list", { rateLimits: [memory()] }, "rateLimits", /must be an object, not a list/],
  ["a limiter", { rateLimits: memory() }, "rateLimits._points", /is not an option/],
  ["a number", { rateLimits: 5 }, "rateLimits", /must be an object, not a number/],
  [
    "a limit of another name",
    { rateLimits: { user: memory() } },
    "rateLimits.user",
    /is not an option .*; the options here are address, account, failures/,
  ],
  ...["address", "account", "failures"].flatMap((name): Row[] => [
    ["a promise", { rateLimits: { [name]: Promise.resolve() } }, `rateLimits.${name}`, /not a promise: await it$/],
    ["null", { rateLimits: { [name]: null } }, `rateLimits.${name}`, /must be an object, not null/],
    ["a number", { rateLimits: { [name]: 5 } }, `rateLimits.${name}`, /must be an object, not a number/],
    ["a function", { rateLimits: { [name]: method } }, `rateLimits.${name}`, /must be an object, not a function/],
    [
      "limiter options",
      { rateLimits: { [name]: { points: 5, duration: 1 } } },
      `rateLimits.${name}`,
      /must be a limiter of rate-limiter-flexible, or have its shape; it lacks the method consume/,
    ],
    [
      "a queue",
      { rateLimits: { [name]: new RateLimiterQueue(memory()) } },
      `rateLimits.${name}`,
      /it lacks the method consume/,
    ],
    ["a consume that is none", { rateLimits: { [name]: { consume: 1 } } }, `rateLimits.${name}`, /lacks .* consume/],
  ]),
  [
    "a limiter that takes nothing back",
    { rateLimits: { failures: { consume: method } } },
    "rateLimits.failures",
    /it lacks the method reward/,
  ],
  [
    "a burst, that takes nothing back",
    { rateLimits: { failures: new BurstyRateLimiter(memory(), memory()) } },
    "rateLimits.failures",
    /it lacks the method reward/,
  ],
  [
    "undefined",
    { rateLimits: { failures: undefined } },
    "rateLimits.failures",
    /is undefined; .* leave the option out/,
  ],
  ["null", { usedTokens: null }, "usedTokens", /must be an object, not null/],
  ["a number", { usedTokens: 5 }, "usedTokens", /must be an object, not a number/],
  ["a set", { usedTokens: new Set() }, "usedTokens", /must be a store, .*; it lacks the method claim and release/],
  ["a store without release", { usedTokens: { claim: method } }, "usedTokens", /it lacks the method release$/],
  ["a store without claim", { usedTokens: { release: method } }, "usedTokens", /it lacks the method claim$/],
  ["a claim that is no method", { usedTokens: { claim: 1, release: method } }, "usedTokens", /lacks the method claim$/],
  ["a limiter", { usedTokens: memory() }, "usedTokens", /is a limiter.* must be a store with .* claim and release/],
  ["a union", { usedTokens: new RateLimiterUnion(memory()) }, "usedTokens", /is a limiter/],
  ["a limiter by shape", { usedTokens: { consume: method, delete: method } }, "usedTokens", /is a limiter/],
];

/** Of everything that is called by its methods. */
// eslint-disable-next-line @typescript-eslint/no-extraneous-class
class Static {
  static readonly claim = () => true;
  static readonly release = () => undefined;
  static readonly consume = () => Promise.resolve();
  static readonly reward = () => Promise.resolve();
}

const MAKERS: readonly (readonly [string, (options: MatrixJwtLoginOptions<User>) => unknown])[] = [
  ["matrixJwtLogin", (options) => matrixJwtLogin(options)],
  ["createJwtLogin", createJwtLogin],
];

describe.each(MAKERS)("limiters given to %s", (_, make) => {
  const made = (values: object) => make({ ...optionsWith(), ...values });

  test.each(WRONG)("can't be %s: %j", (_what, values, path, problem) => {
    expectOptionsError(() => made(values), path, problem);
  });

  test.each<[string, Partial<MatrixJwtLoginOptions<User>>]>([
    ["none", { rateLimits: {} }],
    [
      "all",
      {
        rateLimits: { address: memory(), account: memory(), failures: memory() },
        usedTokens: { claim: () => true, release: method },
      },
    ],
    [
      "several as one",
      { rateLimits: { address: new RateLimiterUnion(memory()), account: new RateLimiterUnion(memory()) } },
    ],
    ["a burst", { rateLimits: { address: new BurstyRateLimiter(memory(), memory()) } }],
    ["with lists", { rateLimits: { failures: new RLWrapperBlackAndWhite({ limiter: memory() }) } }],
    ["by shape", { rateLimits: { address: { consume: () => Promise.resolve() } } }],
    [
      "classes with static methods",
      {
        rateLimits: { failures: Static },
        usedTokens: Static,
      },
    ],
  ])("can be %s", (_what, values) => {
    expect(() => made(values)).not.toThrow();
  });
});

describe("singleUse", () => {
  test.each([null, 1, "yes", {}])("can't be %j", (singleUse) => {
    const options = optionsWith({ singleUse });
    expectOptionsError(
      () => createJwtLogin(options),
      'loginTypes["org.matrix.login.jwt"].singleUse',
      /must be true or false/,
    );
  });

  test("is a verifier's option as well, and checked", () => {
    expectOptionsError(
      () => createTokenVerifier({ secret: SECRET, singleUse: "yes" as never }),
      "singleUse",
      /must be true or false/,
    );
  });
});
