import { availableParallelism } from "node:os";

/** @type {import("jest").Config} */
export default {
  testEnvironment: "node",
  testMatch: ["**/*.test.ts"],
  // A busy machine is no failure: what must be quick says how quick.
  testTimeout: 30_000,
  // Jest would leave a core idle, and many tests wait for a server that hangs on purpose.
  maxWorkers: Math.ceil(1.5 * availableParallelism()),
  // Jest's CommonJS needs what is an ES module only transformed. Verifying needs none of it: see plain-jest.test.ts.
  transform: { "\\.[jt]s$": ["@swc/jest", { jsc: { target: "es2023" }, module: { type: "commonjs" } }] },
  transformIgnorePatterns: ["/node_modules/(?!(?:jose|matrix-js-sdk|oauth4webapi|oidc-provider)/)"],
  moduleNameMapper: {
    "^matrix-jwt-login$": "<rootDir>/lib/index.ts",
    "^(\\.{1,2}/.*)\\.js$": "$1",
  },
  // Enforced by `npm test -- --coverage`, as .ci/run runs it: it takes half as long again.
  collectCoverageFrom: ["lib/**/*.ts"],
  coverageReporters: ["text-summary", "json-summary"],
  coverageThreshold: { global: { branches: 100, functions: 100, lines: 100, statements: 100 } },
};
