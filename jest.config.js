/** @type {import("jest").Config} */
export default {
  testEnvironment: "node",
  roots: ["<rootDir>/__tests__"],
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
  collectCoverage: true,
  collectCoverageFrom: ["lib/**/*.ts"],
  coverageReporters: ["text-summary", "json-summary"],
  coverageThreshold: { global: { branches: 100, functions: 100, lines: 100, statements: 100 } },
};
