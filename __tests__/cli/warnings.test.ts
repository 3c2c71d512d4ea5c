import { EventEmitter } from "node:events";

import { expect, test } from "@jest/globals";

import { printWarningsLast, type WarningProcess } from "../../lib/cli/warnings.js";

const short = (where: string) =>
  Object.assign(new Error(`${where} is short`), { name: "SecurityWarning", code: "SHORT" });
const old = Object.assign(new Error("is old"), { name: "DeprecationWarning" });

test.each([
  [0, "[SHORT] SecurityWarning: one is short\nDeprecationWarning: is old\n"],
  [1, "[SHORT] SecurityWarning: one is short\nDeprecationWarning: is old\n"],
  [2, ""],
])("warnings come last and once, and are left out of wrong use: exit code %d", (exitCode, printed) => {
  const written: string[] = [];
  const stderr = { write: (text: string) => written.push(text) > 0 };
  const process = Object.assign(new EventEmitter(), { exitCode, stderr });
  process.on("warning", () => written.push("by Node itself"));
  printWarningsLast(process as unknown as WarningProcess);
  for (const warning of [short("one"), short("two"), old, old]) process.emit("warning", warning);
  expect(written).toEqual([]);
  process.emit("exit");
  expect(written.join("")).toBe(printed);
});
