import { expect } from "@jest/globals";
import { OptionsError } from "matrix-jwt-login";

import { thrownBy } from "./core.js";

/** Expects an {@link OptionsError} of this path, with a message that begins with it and says what is wrong. */
export function expectOptionsError(make: () => unknown, path: string, problem: RegExp): void {
  const error = thrownBy(make);
  expect(error).toBeInstanceOf(OptionsError);
  const { name, code, path: where, message } = error as OptionsError;
  expect({ name, code, path: where }).toEqual({ name: "OptionsError", code: "options", path });
  expect(message).toMatch(problem);
  expect(message.startsWith(`${path === "" ? "options" : path} `)).toBe(true);
}
