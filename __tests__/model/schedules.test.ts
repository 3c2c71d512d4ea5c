import { expect, test } from "@jest/globals";
import fc from "fast-check";
import * as lib from "matrix-jwt-login";

import { INVARIANTS } from "./invariants.js";
import { modelOf } from "./run.js";

/** As many as `npm test` has time for, and a hundred times that in a run of its own. */
const SCHEDULES = process.env["npm_lifecycle_event"] === "test:model" ? 100_000 : 1_000;

test(`every invariant holds in ${String(SCHEDULES)} schedules`, async () => {
  const accepted = new Map<string, number>();
  const model = modelOf(
    lib,
    // More often those in which a token of their own kind gets in least often.
    ["rotations", "outages", "introspection", "usedTokens", "usedTokens", "usedTokens", "limits", "limits", "all"],
    Object.values(INVARIANTS),
    ({ questions }) => {
      for (const { token, way, verdict } of questions) {
        if (verdict !== "200") continue;
        const kind = `${way} ${token.replace(/ .*/, "")}`;
        accepted.set(kind, (accepted.get(kind) ?? 0) + 1);
      }
    },
  );
  await fc.assert(model, { numRuns: SCHEDULES });
  // Or it would say little.
  for (const kind of ["login key", "bearer key", "login token", "bearer token", "login single", "login many"]) {
    expect(accepted.get(kind)).toBeGreaterThan(SCHEDULES / 20);
  }
}, 7_200_000);
