import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { toLocalpart } from "matrix-jwt-login";

import { thrownBy } from "../helpers/core.js";

const GRAMMAR = /^[a-z0-9._=\-/+]+$/;
const WELL_FORMED = fc.string({ unit: "binary", minLength: 1, maxLength: 60 });
/** Texts of the characters by which escapes could be confused. */
const CONFUSING = fc.string({
  unit: fc.constantFrom("a", "A", "_", "=", "4", "1", "é", "=41", "_a"),
  minLength: 1,
  maxLength: 20,
});

function fits(text: string): boolean {
  return Buffer.byteLength(text) <= 84;
}

describe("toLocalpart", () => {
  test.each([
    ["alice", "alice"],
    ["a.b-c/d+e0", "a.b-c/d+e0"],
    ["Alice", "_alice"],
    ["_", "__"],
    ["__A_", "_____a__"],
    ["=", "=3d"],
    ["=41", "=3d41"],
    [" ", "=20"],
    ["\0", "=00"],
    ["\n", "=0a"],
    ["~", "=7e"],
    ["@alice:example.org", "=40alice=3aexample.org"],
    ["auth0|5f7c", "auth0=7c5f7c"],
    ["é", "=c3=a9"],
    ["É", "=c3=89"],
    ["😀", "=f0=9f=98=80"],
    ["\u212a", "=e2=84=aa"],
  ])("maps %j to %s", (text, localpart) => {
    expect(toLocalpart(text)).toBe(localpart);
  });

  const LONE = "a text with a lone surrogate has no localpart";
  const LONG = "the localpart would be longer than 252 bytes";

  test.each<[string, string, string]>([
    ["an empty text", "", "an empty text has no localpart"],
    ["a lone high surrogate", "a\ud800", LONE],
    ["a lone low surrogate", "\udc00a", LONE],
    ["surrogates in the wrong order", "\udc00\ud800", LONE],
    ["253 letters", "a".repeat(253), LONG],
    ["127 capitals", "A".repeat(127), LONG],
    ["85 bytes to escape", "=".repeat(85), LONG],
  ])("throws RangeError for %s, and says so", (_, text, message) => {
    expect(() => toLocalpart(text)).toThrow(new RangeError(message));
  });

  test.each([
    ["252 letters", "a".repeat(252)],
    ["126 capitals", "A".repeat(126)],
    ["84 bytes to escape", "=".repeat(84)],
  ])("gives 252 bytes for %s", (_, text) => {
    expect(toLocalpart(text)).toHaveLength(252);
  });

  test("does not show the text in its errors", () => {
    const { message } = thrownBy(() => toLocalpart("private".repeat(99))) as RangeError;
    expect(message).not.toContain("private");
  });

  test("always gives a localpart of the grammar, of at most 252 bytes", () => {
    fc.assert(
      fc.property(WELL_FORMED.filter(fits), (text) => {
        const localpart = toLocalpart(text);
        expect(localpart).toMatch(GRAMMAR);
        expect(Buffer.byteLength(localpart)).toBeLessThanOrEqual(252);
      }),
    );
  });

  test("gives either that or RangeError, whatever the text", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.nat(0xffff).map((code) => String.fromCharCode(code)), maxLength: 300 }),
        (text) => {
          try {
            const localpart = toLocalpart(text);
            expect(localpart).toMatch(GRAMMAR);
            expect(localpart.length).toBeLessThanOrEqual(252);
          } catch (error) {
            expect(error).toBeInstanceOf(RangeError);
          }
        },
      ),
    );
  });

  test.each([
    ["any text", WELL_FORMED],
    ["texts that look escaped", CONFUSING],
  ])("is injective: what it gave tells what it was given (%s)", (_, texts) => {
    fc.assert(
      fc.property(texts.filter(fits), (text) => {
        expect(unescaped(toLocalpart(text))).toBe(text);
      }),
    );
  });

  test("is injective: two texts never give the same", () => {
    fc.assert(
      fc.property(CONFUSING.filter(fits), CONFUSING.filter(fits), (one, other) => {
        expect(toLocalpart(one) === toLocalpart(other)).toBe(one === other);
      }),
    );
  });
});

/** The way back, by the specification's mapping. */
function unescaped(localpart: string): string {
  const bytes: number[] = [];
  for (const [escape] of localpart.matchAll(/=..|_.|./g)) {
    if (escape.startsWith("=")) bytes.push(Number.parseInt(escape.slice(1), 16));
    else
      bytes.push(
        escape.slice(-1)[escape === "__" ? "toString" : escape.length > 1 ? "toUpperCase" : "toString"]().charCodeAt(0),
      );
  }
  return Buffer.from(bytes).toString();
}
