// Prints Jest's JSON result in one line.
import { readFileSync } from "node:fs";

const { numPassedTests, numFailedTests, numFailedTestSuites, numRuntimeErrorTestSuites, numPendingTests } = JSON.parse(
  readFileSync(process.argv[2], "utf8"),
);
// A suite that did not even start has no tests to count, and has failed all the same.
const failed = numFailedTests + (numFailedTests === 0 ? numRuntimeErrorTestSuites : 0);
console.log(`${numPassedTests} passed, ${failed} failed, ${numPendingTests} skipped`);
process.exitCode = numFailedTestSuites === 0 ? 0 : 1;
