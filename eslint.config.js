import js from "@eslint/js";
import { defineConfig, globalIgnores } from "eslint/config";
import simpleImportSort from "eslint-plugin-simple-import-sort";
import ts from "typescript-eslint";

/** What each room of lib/ may import of the others: imports point down only. */
const LAYERS = {
  support: [],
  remote: ["support"],
  limits: ["support"],
  matrix: ["support"],
  tokens: ["remote", "support"],
  http: ["matrix", "support"],
  login: ["tokens", "remote", "limits", "matrix", "support"],
  sso: ["login", "tokens", "remote", "limits", "matrix", "support"],
  // An API request asks the host what a login asks it: callbacks, linked accounts.
  access: ["login", "tokens", "remote", "limits", "matrix", "support"],
  migrate: ["login", "tokens", "remote", "limits", "matrix", "support"],
  "entry-points": ["access", "sso", "login", "http", "tokens", "remote", "limits", "matrix", "support"],
  cli: ["entry-points", "login", "tokens", "remote", "matrix", "support"],
};

/** Packages, and the only files that may import them. */
const PACKAGES = {
  oauth4webapi: ["lib/sso/provider-client.ts"],
  jsonwebtoken: ["lib/tokens/proofs/signature.ts", "lib/access/sign-token.ts"],
  "lru-cache": ["lib/access/token-cache.ts"],
  jose: ["lib/tokens/proofs/encrypted.ts", "lib/sso/seal.ts", "lib/cli/encrypt.ts"],
  "jwks-rsa": ["lib/tokens/keys/remote-jwks.ts"],
};

const anyRoom = (names) => `^\\.\\.?/(?:\\.\\./)*(?:${names.join("|")})/`;
/** Those that a room may not import of: one without a line of its own, of none. */
const above = (room) => Object.keys(LAYERS).filter((other) => other !== room && !(LAYERS[room] ?? []).includes(other));
/** Any other room, before those that have a line. */
const OTHER = "*";
const POINT_DOWN = "Imports point down only: see CONTRIBUTING.md, Layers.";

const layers = [OTHER, ...Object.keys(LAYERS)].map((room) => ({
  files: [`lib/${room}/**`],
  rules: {
    "no-restricted-imports": [
      "error",
      {
        patterns: [
          {
            regex: anyRoom(above(room)),
            message: POINT_DOWN,
          },
          { regex: "^(?:\\.\\./)+index\\.js$", message: "lib/index.ts is above all." },
        ],
      },
    ],
  },
}));

/** Of several blocks with one rule, the last counts: so each file has all that it may not import in one. */
const restricted = (room, files, allowed) => {
  const names = Object.keys(PACKAGES).filter((name) => !allowed.includes(name));
  const message = "Only the files that PACKAGES names import it: see eslint.config.js.";
  return {
    files,
    rules: {
      "@typescript-eslint/no-restricted-imports": ["error", { paths: names.map((name) => ({ name, message })) }],
      "no-restricted-syntax": [
        "error",
        ...names.map((name) => ({ selector: `ImportExpression[source.value="${name}"]`, message })),
        {
          selector: `ImportExpression[source.value=/${anyRoom(above(room)).replaceAll("/", "\\/")}/]`,
          message: POINT_DOWN,
        },
      ],
    },
  };
};

const importers = [...new Set(Object.values(PACKAGES).flat())];
const packages = [
  restricted(OTHER, ["lib/**"], []),
  ...Object.keys(LAYERS).map((room) => restricted(room, [`lib/${room}/**`], [])),
  ...importers.map((file) =>
    restricted(
      file.split("/")[1],
      [file],
      Object.keys(PACKAGES).filter((name) => PACKAGES[name].includes(file)),
    ),
  ),
];

export default defineConfig(
  globalIgnores(["**/dist/", "**/coverage/", "**/data/", "bench/out/", "hosts/out/", "hosts/homeserver/"]),
  js.configs.recommended,
  {
    files: ["lib/**"],
    plugins: { "simple-import-sort": simpleImportSort },
    rules: { "simple-import-sort/imports": "error" },
  },
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
    files: ["lib/migrate/leaky-buckets.ts"],
    rules: {
      // A limiter rejects with an error if its store fails, and with something else if it is used up.
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
        Headers: false,
        Request: false,
        Response: false,
        performance: false,
        fetch: false,
        setTimeout: false,
        clearTimeout: false,
        setInterval: false,
        clearInterval: false,
        setImmediate: false,
      },
    },
  },
  ...layers,
  ...packages,
);
