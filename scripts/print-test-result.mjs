// Prints Jest's JSON result: what failed, what no test reached, and in the last line how many passed.
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
for (const file of Object.values(result.coverageMap ?? {}))
  for (const [kind, { line, column }] of notReached(file))
    console.log(`No test reaches the ${kind} at ${relative("", file.path)}:${line}:${column + 1}`);

const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites, numPendingTests } = result;
const failed = numFailedTests + (numFailedTests === 0 ? numRuntimeErrorTestSuites : 0);
console.log(`${numPassedTests} passed, ${failed} failed, ${numPendingTests} skipped`);
process.exitCode = failedFiles.length === 0 ? 0 : 1;

/** Of a file's coverage, as Istanbul counts it. */
function* notReached({ s, statementMap, f, fnMap, b, branchMap }) {
  for (const [id, { start }] of Object.entries(statementMap)) if (s[id] === 0) yield ["statement", start];
  for (const [id, { loc }] of Object.entries(fnMap)) if (f[id] === 0) yield ["function", loc.start];
  for (const [id, { loc, locations }] of Object.entries(branchMap))
    for (const [n, { start }] of locations.entries())
      // An `else` that is not written has no place of its own.
      if (b[id][n] === 0) yield ["branch", start?.line === undefined ? loc.start : start];
}
