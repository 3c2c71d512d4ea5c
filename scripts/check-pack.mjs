// Fails where the tarball would hold what nobody needs, or lack what somebody does. Needs a build.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { posix } from "node:path";

import { unreachable } from "./prune.mjs";

/** What a reader expects beside the code. */
const PAPERS = ["README.md", "LICENSE", "CHANGELOG.md", "SECURITY.md", "package.json"];
const TEST = /(?:^|\/)(?:__tests__|__mocks__|tests?)\/|\.(?:test|spec)\./;

const output = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { encoding: "utf8" });
const packed = new Set(JSON.parse(output)[0].files.map(({ path }) => path));

const problems = [
  ...[...PAPERS, ...entries()].filter((path) => !packed.has(path)).map((path) => `it lacks ${path}`),
  ...[...packed].filter((path) => TEST.test(path)).map((path) => `it holds a test, ${path}`),
  ...unreachable(
    "dist",
    entries().filter((path) => path.startsWith("dist/")),
  ).map((path) => `it holds ${path}, which no entry point imports`),
  ...[...packed].flatMap((path) =>
    missingFrom(path).map((target) => `${path} points at ${target}, which is not in it`),
  ),
];
for (const problem of problems) console.error(`The tarball is not fit to publish: ${problem}`);
if (problems.length > 0) process.exitCode = 1;

/** All files that package.json names as a way in. */
function entries() {
  const { main, module, types, exports, bin } = JSON.parse(readFileSync("package.json", "utf8"));
  return [...new Set(filesIn([main, module, types, exports, bin]))];
}

function filesIn(value) {
  if (typeof value === "string") return [posix.normalize(value)];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(filesIn) : [];
}

function missingFrom(path) {
  return targetsOf(path).filter((target) => !packed.has(target));
}

/** The files that a file's source map comment names, or that a source map has as its sources. */
function targetsOf(path) {
  const at = (target) => posix.join(posix.dirname(path), target);
  if (path.endsWith(".map")) {
    const { sources, sourceRoot = "", sourcesContent } = JSON.parse(readFileSync(path, "utf8"));
    return sourcesContent === undefined ? sources.map((source) => at(posix.join(sourceRoot, source))) : [];
  }
  if (!/\.(?:[cm]?js|d\.[cm]?ts)$/.test(path)) return [];
  const [, map] = /^\/\/# sourceMappingURL=(?!data:)(\S+)\s*$/m.exec(readFileSync(path, "utf8")) ?? [];
  return map === undefined ? [] : [at(map)];
}
