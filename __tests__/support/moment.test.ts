import { afterEach, expect, jest, test } from "@jest/globals";

import { now, since } from "../../lib/support/moment.js";

afterEach(() => {
  jest.restoreAllMocks();
});

test.each([
  { what: "both clocks agree", wall: 100, steady: 100, passed: 100 },
  { what: "the wall clock was set on", wall: 5_000, steady: 100, passed: 5_000 },
  { what: "the wall clock was set back", wall: -5_000, steady: 100, passed: 5_000 },
  { what: "the wall clock was set back by what has passed", wall: 0, steady: 100, passed: 100 },
  { what: "the machine was suspended", wall: 5_000, steady: 0, passed: 5_000 },
])("nothing looks younger than it is if $what", ({ wall, steady, passed }) => {
  const dateNow = jest.spyOn(Date, "now").mockReturnValue(1_000_000);
  const performanceNow = jest.spyOn(performance, "now").mockReturnValue(10_000);
  const moment = now();
  dateNow.mockReturnValue(1_000_000 + wall);
  performanceNow.mockReturnValue(10_000 + steady);
  expect(since(moment)).toBe(passed);
});
