/** @type {import("jest").Config} */
export default {
  testEnvironment: "node",
  testMatch: ["**/*.test.ts"],
  // Jest would leave a core idle: on two, that doubles the wait.
  maxWorkers: "100%",
  // jwks-rsa requires jose, which is an ES module only: Jest's CommonJS needs it transformed.
  transform: { "\\.[jt]s$": ["@swc/jest", { jsc: { target: "es2023" }, module: { type: "commonjs" } }] },
  transformIgnorePatterns: ["/node_modules/(?!jose/)"],
  moduleNameMapper: {
    "^matrix-jwt-login$": "<rootDir>/lib/index.ts",
    "^(\\.{1,2}/.*)\\.js$": "$1",
  },
  // Enforced by `npm test`; a single file's run can't cover all.
  collectCoverageFrom: ["lib/**/*.ts"],
  coverageReporters: ["text-summary", "json-summary"],
  coverageThreshold: { global: { branches: 100, functions: 100, lines: 100, statements: 100 } },
};
