/**
 * Mutation testing: `npm run test:mutation [-- ROOM...]`. Each change that Stryker makes to the code must fail a test.
 * Prints the mutants that survived and each room's score; ends non-zero where the whole score is below the threshold.
 * `--check` only looks whether each file is in a room.
 */
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Stryker } from "@stryker-mutator/core";

import jestConfig from "../../jest.config.js";
import { ROOMS } from "./rooms.mjs";

const THRESHOLD = 90;
const NOTICED = new Set(["Killed", "Timeout"]);
const MISSED = new Set(["Survived", "NoCoverage"]);

const names = process.argv.slice(2).filter((argument) => argument !== "--check");
const rooms = Object.entries(ROOMS).filter(([name]) => names.length === 0 || names.includes(name));
if (rooms.length < names.length) {
  console.error(`Rooms: ${Object.keys(ROOMS).join(", ")}`);
  process.exit(2);
}

const forgotten = forgottenFiles();
if (forgotten.length > 0) {
  console.error(`In no room of scripts/mutation/rooms.mjs: ${forgotten.join(", ")}`);
  process.exit(2);
}
if (process.argv.includes("--check")) process.exit(0);

const scores = [];
for (const [name, room] of rooms) {
  const mutants = (await new Stryker(optionsFor(room)).runMutationTest()).filter(({ static: isStatic }) => !isStatic);
  const missed = mutants.filter(({ status }) => MISSED.has(status));
  const noticed = mutants.filter(({ status }) => NOTICED.has(status)).length;
  for (const mutant of missed) console.log(describe(mutant));
  scores.push({ name, noticed, missed: missed.length });
}

const all = sum("noticed") + sum("missed");
const score = percent(sum("noticed"), all);
console.table(
  scores.map((room) => ({ ...room, "score %": percent(room.noticed, room.noticed + room.missed).toFixed(1) })),
);
console.log(
  `${String(sum("noticed"))} of ${String(all)} mutants noticed: ${score.toFixed(1)} % (at least ${String(THRESHOLD)} %)`,
);
process.exit(score >= THRESHOLD ? 0 : 1);

/** Files of lib/ that no room names. The command is left out; options.ts and index.ts are types and names. */
function forgottenFiles() {
  const patterns = Object.values(ROOMS)
    .flatMap(({ mutate }) => mutate)
    .map((glob) => new RegExp(`^${glob.replaceAll(".", "\\.").replaceAll("*", "[^/]*")}$`));
  return readdirSync("lib", { recursive: true })
    .map((path) => `lib/${path.replaceAll("\\", "/")}`)
    .filter((path) => path.endsWith(".ts") && !/^lib\/(?:cli\/|index\.ts)|\/(?:options|types)\.ts$/.test(path))
    .filter((path) => !patterns.some((pattern) => pattern.test(path)));
}

function optionsFor({ mutate, tests }) {
  return {
    mutate,
    testRunner: "jest",
    plugins: ["@stryker-mutator/jest-runner"],
    jest: {
      config: {
        ...jestConfig,
        coverageThreshold: undefined,
        testMatch: tests.map((name) => `<rootDir>/__tests__/${name}.test.ts`),
        testSequencer: "<rootDir>/scripts/mutation/sequencer.cjs",
        // Relative, as Stryker resolves it by itself.
        testEnvironment: "./scripts/mutation/first-failure.cjs",
        testRunner: "<rootDir>/scripts/mutation/jest-circus-where-needed.cjs",
        // A mutant that hangs is to fail its first test, before Stryker ends the process and starts another.
        testTimeout: 8_000,
      },
      enableFindRelatedTests: false,
    },
    coverageAnalysis: "perTest",
    // What runs once, as a module is loaded, would cost a run of all tests a mutant: messages and tables, mostly. Stryker
    // tries it all the same where a test loads a second copy, and then with that test alone: such mutants are not counted.
    ignoreStatic: true,
    concurrency: 2,
    timeoutMS: 15_000,
    reporters: ["progress-append-only"],
    // Outside the project: else Jest, the linter and the formatter would find a second copy of it.
    tempDirName: join(tmpdir(), "matrix-jwt-login-mutants"),
    ignorePatterns: ["/bench", "/docs", "/example-server", "/dist", "/coverage"],
  };
}

function describe({ fileName, location, mutatorName, replacement, status }) {
  const file = fileName.replace(/^.*\/(?=lib\/)/, "");
  const { line, column } = location.start;
  return `${status} ${file}:${String(line)}:${String(column)} ${mutatorName}: ${String(replacement).replace(/\s+/g, " ")}`;
}

function sum(field) {
  return scores.reduce((total, score) => total + score[field], 0);
}

function percent(part, whole) {
  return whole === 0 ? 100 : (100 * part) / whole;
}
