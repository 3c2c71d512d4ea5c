import { readFileSync } from "node:fs";
import { join } from "node:path";

import { beforeAll, describe, expect, test } from "@jest/globals";
import { createTokenVerifier, matrixJwtLogin, OptionsError } from "matrix-jwt-login";

import { jwtLoginOptions } from "../../lib/entry-points/create-jwt-login.js";
import { httpOptions } from "../../lib/http/parse-options.js";
import { LOGIN_TYPE_OPTIONS } from "../../lib/login/login-type.js";
import { RATE_LIMITS } from "../../lib/limits/parse-options.js";
import type { Option } from "../../lib/support/options.js";
import { JWKS_OPTIONS } from "../../lib/tokens/keys/parse-key-source.js";
import { consoleLogger } from "../../lib/support/logger.js";
import { optionsWith } from "../helpers/login.js";

interface Row {
  readonly name: string;
  readonly byDefault: string;
}

/** What the parser falls back on, by option; only of options that are optional. */
type Defaults = ReadonlyMap<string, unknown>;

const page = readFileSync(join(import.meta.dirname, "..", "..", "docs", "options.md"), "utf8");
const JWKS = { jwksUri: "https://idp.example.org/jwks" };

/** Makes what has the options of a table, of which `more` are given. */
type Make = (more: Readonly<Record<string, unknown>>) => unknown;
type Spec = Readonly<Record<string, Option<unknown>>>;
const TABLES: readonly (readonly [type: string, make: Make, spec: Spec])[] = [
  [
    "MatrixJwtLoginOptions",
    (more) => matrixJwtLogin(Object.assign(optionsWith(), more)),
    { ...jwtLoginOptions(), ...httpOptions() },
  ],
  ["LoginTypeOptions", (more) => createTokenVerifier(Object.assign({ ...JWKS }, more)), LOGIN_TYPE_OPTIONS],
  ["JwksOptions", (jwksOptions) => createTokenVerifier({ ...JWKS, jwksOptions }), JWKS_OPTIONS],
  ["RateLimits", (rateLimits) => matrixJwtLogin(Object.assign(optionsWith(), { rateLimits })), RATE_LIMITS],
];

/** Defaults that no value can stand for, and what the parser has for them. */
const IN_WORDS: Readonly<Record<string, (byDefault: unknown) => void>> = {
  "`console`'s warnings and errors": (byDefault) => {
    expect(byDefault).toBe(consoleLogger);
  },
  "the global `fetch`": (byDefault) => {
    expect(byDefault).toBeInstanceOf(Function);
  },
};
const NOTHING = [
  "`true`, or `false` with `introspection` alone",
  "`8192`, or `16384` with `decryption`",
  "",
  "none",
  "all that fit the key",
  "not checked",
  "a token that has one is refused",
  "in memory",
];

describe.each(TABLES)("the table of %s", (type, make, spec) => {
  let rows: readonly Row[];
  let defaults: Defaults;

  beforeAll(() => {
    rows = rowsOf(type);
    defaults = defaultsIn(spec);
  });

  test("has each option that the parser takes, and no other", () => {
    expect(rows.map(({ name }) => name).toSorted()).toEqual(namesTakenBy(make));
  });

  test("names the defaults that the parser has", () => {
    for (const { name, byDefault } of rows) {
      const actual = defaults.get(name);
      if (byDefault === "required") expect([name, defaults.has(name)]).toEqual([name, false]);
      else if (NOTHING.includes(byDefault)) expect([name, isNothing(actual)]).toEqual([name, true]);
      else if (IN_WORDS[byDefault] !== undefined) IN_WORDS[byDefault](actual);
      else expect([name, actual]).toEqual([name, JSON.parse(byDefault.replaceAll("`", ""))]);
    }
  });
});

function rowsOf(type: string): readonly Row[] {
  const [, region = ""] = new RegExp(`<!-- options: ${type} -->([\\s\\S]*?)<!-- end -->`).exec(page) ?? [];
  return Array.from(region.matchAll(/^\| \[?`(\w+)`.*$/gm), ([row, name = ""]) => {
    const [, , , byDefault = ""] = row.split(/(?<!\\)\|/);
    return { name, byDefault: byDefault.trim() };
  });
}

/** The parser says them where it is given another one. */
function namesTakenBy(make: Make): readonly string[] {
  try {
    make({ another: true });
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error;
    const [, names = ""] = /the options here are (.*)$/.exec(error.message) ?? [];
    return names.split(", ").toSorted();
  }
  throw new Error("an unknown option was taken");
}

function defaultsIn(spec: Spec): Defaults {
  const optional = Object.entries(spec).filter(([, option]) => !option.required);
  return new Map(optional.map(([name, { byDefault }]) => [name, byDefault]));
}

/** Not given, or given without a member. */
function isNothing(value: unknown): boolean {
  return value === undefined || (typeof value === "object" && value !== null && Object.keys(value).length === 0);
}
