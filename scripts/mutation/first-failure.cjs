const process = require("node:process");

const { TestEnvironment } = require("jest-environment-node");

// Stryker sets it for as long as a mutant is tried.
const triedMutant = () => process.env["__STRYKER_ACTIVE_MUTANT__"];

let noticedMutant;

const wasNoticed = () => noticedMutant !== undefined && noticedMutant === triedMutant();

/** Skips the tests that follow a failed one: it has noticed the mutant, and the others may wait long for what hangs. */
module.exports = class FirstFailure extends TestEnvironment {
  static triedMutant = triedMutant;
  static wasNoticed = wasNoticed;

  handleTestEvent({ name, test }) {
    if (name === "test_start" && wasNoticed()) test.mode = "skip";
    if (name === "test_done" && test.errors.length > 0) noticedMutant = triedMutant();
  }
};
