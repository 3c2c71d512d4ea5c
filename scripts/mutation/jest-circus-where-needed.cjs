const { readFileSync, writeFileSync } = require("node:fs");

const { default: runFile } = require("jest-circus/runner");
const { createEmptyTestResult } = require("@jest/test-result");

const { wasNoticed, triedMutant } = require("./first-failure.cjs");

/** The names of the tests in each file, in the sandbox: the processes that try mutants are not the one that ran all tests first. */
const NAMES = "test-names.json";

/**
 * Runs a file of tests only if one in it is asked for and the mutant has not been noticed yet: loading the files that
 * have nothing to say would take most of the time.
 */
module.exports = async function runWhereNeeded(globalConfig, config, environment, runtime, path, ...rest) {
  if (triedMutant() === undefined) {
    const result = await runFile(globalConfig, config, environment, runtime, path, ...rest);
    note(path, result);
    return result;
  }
  return wasNoticed() || !isAskedFor(path, globalConfig.testNamePattern)
    ? skipped(path)
    : runFile(globalConfig, config, environment, runtime, path, ...rest);
};

const namesByFile = {};

function note(path, { testResults }) {
  namesByFile[path] = testResults.map(({ fullName }) => fullName);
  writeFileSync(NAMES, JSON.stringify(namesByFile));
}

let noted;

function isAskedFor(path, pattern) {
  noted ??= JSON.parse(readFileSync(NAMES, "utf8"));
  const asked = new RegExp(pattern, "i");
  return pattern === undefined || !(path in noted) || noted[path].some((name) => asked.test(name));
}

/** Jest takes a file without tests for a failure. */
function skipped(path) {
  const fullName = "not needed";
  const test = {
    ancestorTitles: [],
    title: fullName,
    fullName,
    status: "pending",
    failureDetails: [],
    failureMessages: [],
  };
  return { ...createEmptyTestResult(), testFilePath: path, numPendingTests: 1, skipped: true, testResults: [test] };
}
