// Prints Jest's JSON result: what failed, and in the last line how many passed.
import { readFileSync } from "node:fs";
import { relative } from "node:path";

const result = JSON.parse(readFileSync(process.argv[2], "utf8"));
const failedFiles = result.testResults.filter(({ status }) => status === "failed");

for (const { name, message, assertionResults } of failedFiles) {
  console.log(`Failed: ${relative("", name)}`);
  const tests = assertionResults.filter(({ status }) => status === "failed");
  // A file that did not even start has no tests, only a message.
  if (tests.length === 0) console.log(message);
  for (const { fullName, failureMessages } of tests)
    console.log(fullName, ...failureMessages.map((text) => `\n${text}`));
}
const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites, numPendingTests } = result;
const failed = numFailedTests + (numFailedTests === 0 ? numRuntimeErrorTestSuites : 0);
console.log(`${numPassedTests} passed, ${failed} failed, ${numPendingTests} skipped`);
process.exitCode = failedFiles.length === 0 ? 0 : 1;
