import js from "@eslint/js";
import { defineConfig, globalIgnores } from "eslint/config";
import ts from "typescript-eslint";

/** What the files of a layer must not import: the layers above it, and packages that have one importer. */
const layer = (files, forbidden, { ignores = [] } = {}) => ({
  files,
  ignores,
  rules: {
    "no-restricted-imports": [
      "error",
      {
        patterns: [
          ...[CLI, ...forbidden].map((regex) => ({
            regex,
            message: "Imports point down only: see CONTRIBUTING.md, Layers.",
          })),
        ],
      },
    ],
  },
});

const JSONWEBTOKEN = "^jsonwebtoken$";
const JWKS_RSA = "^jwks-rsa$";
const EXPRESS = "^express";
const CLI = "^\\.\\.?/(?:\\.\\./)*cli/";
const room = (...names) => `^\\.\\.?/(?:\\.\\./)*(?:${names.join("|")})(?:/|\\.js$)`;
const TOP =
  "^(?:\\.\\./)+(?:index|middleware|jwt-login|create-token-verifier|attempt|host-callbacks|single-use|verified-login)\\.js$";

export default defineConfig(
  globalIgnores(["**/dist/", "**/coverage/", "**/data/", "bench/out/"]),
  js.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [ts.configs.strictTypeChecked, ts.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      "@typescript-eslint/consistent-type-imports": "error",
      // An index signature's member and a declared one are written alike: what is hostile is typed `unknown`.
      "@typescript-eslint/dot-notation": "off",
      // `this: void` says that a method may be called apart from its object.
      "@typescript-eslint/no-invalid-void-type": ["error", { allowAsThisParameter: true }],
      // What reads an option gives it the type that the option is declared with.
      "@typescript-eslint/no-unnecessary-type-parameters": "off",
    },
  },
  {
    files: ["lib/guards/**", "lib/http/body-stream.ts"],
    rules: {
      // A limiter rejects with an error where its store fails, and with something else where it is used up; a body, with
      // what was thrown over it.
      "@typescript-eslint/prefer-promise-reject-errors": ["error", { allowThrowingUnknown: true }],
    },
  },
  {
    files: ["**/*.{js,mjs}"],
    languageOptions: {
      globals: {
        console: false,
        process: false,
        Buffer: false,
        URL: false,
        performance: false,
        fetch: false,
        setTimeout: false,
        clearTimeout: false,
        setInterval: false,
        clearInterval: false,
      },
    },
  },
  layer(["lib/{index,middleware}.ts"], []),
  layer(["lib/cli/**"], [room("index", "middleware", "http", "migrate"), JSONWEBTOKEN, JWKS_RSA, EXPRESS]),
  layer(
    ["lib/checks/**"],
    [room("guards", "jwt", "matrix", "http", "options", "migrate", "logger"), TOP, JSONWEBTOKEN, JWKS_RSA, EXPRESS],
  ),
  layer(["lib/guards/**"], [room("jwt", "matrix", "http", "options", "migrate"), TOP, JSONWEBTOKEN, JWKS_RSA, EXPRESS]),
  layer(
    ["lib/jwt/**"],
    [
      room("guards", "matrix", "http", "migrate", "logger"),
      "^(?:\\.\\./)+options/",
      TOP,
      JSONWEBTOKEN,
      JWKS_RSA,
      EXPRESS,
    ],
    {
      ignores: ["lib/jwt/signature.ts", "lib/jwt/keys/jwks.ts"],
    },
  ),
  layer(
    ["lib/jwt/signature.ts"],
    [room("guards", "matrix", "http", "options", "migrate", "logger"), TOP, JWKS_RSA, EXPRESS],
  ),
  layer(
    ["lib/jwt/keys/jwks.ts"],
    [room("guards", "matrix", "http", "options", "migrate", "logger"), TOP, JSONWEBTOKEN, EXPRESS],
  ),
  layer(
    ["lib/matrix/**"],
    [room("guards", "jwt", "http", "options", "migrate", "logger"), TOP, JSONWEBTOKEN, JWKS_RSA, EXPRESS],
  ),
  layer(["lib/http/**"], [room("guards", "jwt", "options", "migrate"), TOP, JSONWEBTOKEN, JWKS_RSA, EXPRESS]),
  layer(["lib/options/**"], [room("http", "migrate"), TOP, JSONWEBTOKEN, JWKS_RSA, EXPRESS]),
  layer(["lib/migrate/**"], [room("http"), TOP, JSONWEBTOKEN, JWKS_RSA, EXPRESS]),
  layer(
    ["lib/{jwt-login,attempt,host-callbacks,create-token-verifier,single-use,verified-login}.ts"],
    [room("middleware", "http", "migrate"), JSONWEBTOKEN, JWKS_RSA, EXPRESS],
  ),
);
