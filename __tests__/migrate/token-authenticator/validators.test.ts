import { describe, expect, test } from "@jest/globals";
import { fromTokenAuthenticatorConfig, type TokenAuthenticatorConfig } from "matrix-jwt-login";

import { expectOptionsError } from "../../helpers/bad-options.js";
import { SECRET } from "../../helpers/keys.js";
import { token } from "../../helpers/tokens.js";
import { verdict } from "../../helpers/verdict.js";

type Claims = Readonly<Record<string, unknown>>;

const TYPE = "com.famedly.login.token.oauth";
const JWK = { kty: "oct", k: Buffer.from(SECRET).toString("base64url") };

function configWith(validator: unknown): TokenAuthenticatorConfig {
  const jwt = { jwk_set: JWK, localpart_path: "sub", validator };
  return { oauth: { jwt_validation: jwt, check_external_id: false } } as TokenAuthenticatorConfig;
}

/** Whether a token with these claims passes. */
async function passes(validator: unknown, claims: Claims): Promise<boolean> {
  const options = fromTokenAuthenticatorConfig(configWith(validator))[TYPE] ?? {};
  const outcome = await verdict(options, token({ iss: "https://id.example.org", ...claims }));
  expect(["accepted", "unauthorized"]).toContain(outcome);
  return outcome === "accepted";
}

describe("a validator", () => {
  test.each<[string, unknown, Claims, boolean]>([
    ["exist of anything", ["exist"], {}, true],
    ["exist, as an object", { type: "exist" }, {}, true],
    ["none", null, {}, true],
    ["not exist", ["not", ["exist"]], {}, false],
    ["not, as an object", { type: "not", validator: ["in", "banned"] }, {}, true],
    ["not, of what is there", { type: "not", validator: ["in", "banned"] }, { banned: true }, false],
    ["not, of what is false", ["not", ["in", "banned"]], { banned: false }, true],
    ["equal text", ["in", "v", ["equal", "x"]], { v: "x" }, true],
    ["equal text, another", ["in", "v", ["equal", "x"]], { v: "X" }, false],
    ["equal true", ["in", "v", { type: "equal", value: true }], { v: true }, true],
    ["equal true and 1", ["in", "v", ["equal", true]], { v: 1 }, false],
    ["equal 1 and true", ["in", "v", ["equal", 1]], { v: true }, false],
    ["equal 3 and 3.0", ["in", "v", ["equal", 3]], { v: 3.0 }, true],
    ["equal 3 and its text", ["in", "v", ["equal", 3]], { v: "3" }, false],
    ["equal null", ["not", ["equal", null]], {}, true],
    ["equal false, which in never reaches", ["in", "v", ["equal", false]], { v: false }, false],
    ["equal objects in another order", ["in", "v", ["equal", { a: 1, b: [2] }]], { v: { b: [2], a: 1 } }, true],
    ["equal objects, one member more", ["in", "v", ["equal", { a: 1 }]], { v: { a: 1, b: 2 } }, false],
    ["equal objects, one member less", ["in", "v", ["equal", { a: 1, b: null }]], { v: { a: 1 } }, false],
    ["equal objects with other names", ["in", "v", ["equal", { a: 1 }]], { v: { b: 1 } }, false],
    ["equal lists", ["in", "v", ["equal", [1, [2]]]], { v: [1, [2]] }, true],
    ["equal lists in another order", ["in", "v", ["equal", [1, 2]]], { v: [2, 1] }, false],
    ["equal list and object", ["in", "v", ["equal", ["a"]]], { v: { 0: "a" } }, false],
    ["equal object and text", ["in", "v", ["equal", { a: 1 }]], { v: "a" }, false],
    ["equal what every object inherits", ["in", "v", ["equal", { toString: 1 }]], { v: { a: 1 } }, false],
    ["in what is missing", ["in", "v"], {}, false],
    ["in null", ["in", "v"], { v: null }, false],
    ["in false", ["in", "v"], { v: false }, false],
    ["in 0", ["in", "v"], { v: 0 }, false],
    ["in empty text", ["in", "v"], { v: "" }, false],
    ["in an empty list", ["in", "v", ["list_all_of", ["exist"]]], { v: [] }, false],
    ["in an empty object", ["in", "v"], { v: {} }, false],
    ["in text", ["in", "v"], { v: "x" }, true],
    ["in with null for its validator", ["in", "v", null], { v: "x" }, true],
    ["in a path", { type: "in", path: ["a", "b"], validator: ["equal", 1] }, { a: { b: 1 } }, true],
    ["in a path through a list", ["in", ["a", "0"]], { a: ["x"] }, false],
    ["in a path through text", ["in", ["a", "length"]], { a: "x" }, false],
    ["in what every object inherits", ["in", "constructor"], {}, false],
    ["in the first of two paths", ["in", [["a", "b"], ["c"]], ["equal", "x"]], { a: { b: "x" }, c: "y" }, true],
    ["in the second of two paths", ["in", [["a", "b"], ["c"]], ["equal", "x"]], { a: { b: null }, c: "x" }, true],
    ["in the first that is there, though it is false", ["in", [["a"], ["c"]]], { a: false, c: "x" }, false],
    ["in within in", ["in", "a", ["in", "b", ["equal", 1]]], { a: { b: 1 } }, true],
    ["in within what is no object", ["in", "a", ["in", "b"]], { a: "b" }, false],
    [
      "any_of, one of them",
      [
        "any_of",
        [
          ["in", "a"],
          ["in", "b"],
        ],
      ],
      { b: 1 },
      true,
    ],
    [
      "any_of, none of them",
      {
        type: "any_of",
        validators: [
          ["in", "a"],
          ["in", "b"],
        ],
      },
      { c: 1 },
      false,
    ],
    ["any_of nothing", ["any_of", []], {}, false],
    [
      "all_of, one of them",
      [
        "all_of",
        [
          ["in", "a"],
          ["in", "b"],
        ],
      ],
      { b: 1 },
      false,
    ],
    [
      "all_of them",
      {
        type: "all_of",
        validators: [
          ["in", "a"],
          ["in", "b"],
        ],
      },
      { a: 1, b: 1 },
      true,
    ],
    ["all_of nothing", ["all_of", []], {}, true],
    ["list_any_of, one of them", ["in", "v", ["list_any_of", ["equal", "x"]]], { v: ["y", "x"] }, true],
    ["list_any_of, none of them", ["in", "v", ["list_any_of", ["equal", "x"]]], { v: ["y"] }, false],
    ["list_any_of text", ["in", "v", ["list_any_of", ["equal", "x"]]], { v: "x" }, false],
    ["list_all_of, one of them", ["in", "v", ["list_all_of", ["equal", "x"]]], { v: ["x", "y"] }, false],
    ["list_all_of them", ["in", "v", { type: "list_all_of", validator: ["equal", "x"] }], { v: ["x", "x"] }, true],
    ["list_all_of an object", ["in", "v", ["list_all_of", ["exist"]]], { v: { a: 1 } }, false],
    ["regex", ["in", "v", ["regex", "a\\d+"]], { v: "a12" }, true],
    ["regex, in the middle", ["in", "v", ["regex", "a"]], { v: "bab" }, false],
    ["regex, in the middle, searched", ["in", "v", ["regex", "a", false]], { v: "bab" }, true],
    ["regex, with null for full_match", ["in", "v", ["regex", "a", null]], { v: "bab" }, true],
    ["regex, as an object", ["in", "v", { type: "regex", regex: "a", full_match: true }], { v: "bab" }, false],
    ["regex of a number", ["in", "v", ["regex", "1"]], { v: 1 }, false],
    ["regex of a list", ["in", "v", ["regex", "a"]], { v: ["a"] }, false],
    ["regex of 1,024 characters", ["in", "v", ["regex", "a*"]], { v: "a".repeat(1024) }, true],
    ["regex of 1,025 characters", ["in", "v", ["regex", "a*"]], { v: "a".repeat(1025) }, false],
    ["regex of 1,024 characters of two units", ["in", "v", ["regex", ".*"]], { v: "😀".repeat(1024) }, true],
    ["regex of 2,100 characters", ["in", "v", ["regex", ".*", false]], { v: "a".repeat(2100) }, false],
  ])("%s", async (_, validator, claims, expected) => {
    expect(await passes(validator, claims)).toBe(expected);
  });

  test("compares what is nested too deep as different", async () => {
    const deep = (levels: number) => JSON.parse(`${"[".repeat(levels)}1${"]".repeat(levels)}`) as unknown;
    expect(await passes(["in", "v", ["equal", deep(99)]], { v: deep(99) })).toBe(true);
    expect(await passes(["in", "v", ["equal", deep(500)]], { v: deep(500) })).toBe(false);
  });

  test.each<[string, unknown, string, RegExp]>([
    ["text", "exist", "", /must be an object, not a string/],
    ["an empty list", [], "[0]", /must be one of "exist", "not"/],
    ["an unknown kind", ["gt", 3], "[0]", /must be one of "exist"/],
    ["an unknown kind, as an object", { type: "gt" }, ".type", /must be one of "exist"/],
    ["no kind", { path: "a" }, ".type", /must be one of "exist"/],
    ["an unknown setting", { type: "in", path: "a", value: 1 }, ".value", /is not an option/],
    ["a setting too many", ["equal", 1, 2], "[2]", /is one setting too many/],
    ["equal to nothing", ["equal"], "[1]", /is required/],
    ["not of nothing", { type: "not" }, ".validator", /is required/],
    ["not of text", ["not", "exist"], "[1]", /must be an object, not a string/],
    ["in nowhere", ["in"], "[1]", /is required/],
    ["in an empty path", ["in", []], "[1]", /must not be an empty list/],
    ["in an empty name", ["in", ""], "[1]", /must not be empty/],
    ["in a path with an empty one", ["in", [["a"], []]], "[1][1]", /must not be an empty list/],
    ["in a path of a list and a name", ["in", [["a"], "b"]], "[1][1]", /must be a list, not a string/],
    ["in a number", ["in", 1], "[1]", /must be a string, not a number/],
    ["any_of text", ["any_of", "exist"], "[1]", /must be a list, not a string/],
    [
      "any_of with a wrong one",
      { type: "any_of", validators: [["exist"], ["x"]] },
      ".validators[1][0]",
      /must be one of/,
    ],
    ["a wrong one deep inside", ["not", ["in", "a", ["list_any_of", ["x"]]]], "[1][2][1][0]", /must be one of/],
    ["regex of a number", ["regex", 1], "[1]", /must be a string, not a number/],
    ["regex with text for a flag", ["regex", "a", "no"], "[2]", /must be true or false/],
  ])("is an options error if it is %s", (_, validator, path, problem) => {
    expectOptionsError(
      () => fromTokenAuthenticatorConfig(configWith(validator)),
      `oauth.jwt_validation.validator${path}`,
      problem,
    );
  });
});

describe("a validator's pattern", () => {
  // Those that JavaScript reads alike are compared with it.
  test.each<[pattern: string, ...texts: string[]]>([
    ["a", "a", "b", "aa", ""],
    ["a|ab", "a", "ab", "abc"],
    ["a||b", "", "a", "b", "c"],
    ["(a|b)*c", "c", "ababc", "abd"],
    ["(?:ab)+", "ab", "abab", "aba", ""],
    ["a?b??c*?", "", "a", "b", "abccc", "ba"],
    ["a{2}", "a", "aa", "aaa"],
    ["a{2,}", "a", "aa", "aaaa"],
    ["a{1,3}b", "b", "ab", "aaab", "aaaab"],
    ["a{0}b", "b", "ab"],
    ["(a*)*b", "b", "aab", "aaa"],
    ["(a*)+", "", "aaa", "b"],
    ["(|a)+b", "b", "aab"],
    ["a{}", "a{}", "a"],
    ["a{x}", "a{x}"],
    ["x}]", "x}]"],
    ["[a-c]x", "ax", "cx", "dx"],
    ["[^a-c]x", "ax", "dx", "\nx"],
    ["[-a]+", "-a-", "b"],
    ["[a-]+", "-a-", "b"],
    ["[\\w.-]+", "a.b-c_1", "a b"],
    ["[\\]\\\\]+", "]\\", "a"],
    ["[a^[$|(]+", "a^[$|(", "b"],
    ["[\\b]", "\b", "b"],
    ["[\\u0041-\\x43]", "B", "D"],
    ["\\d\\D\\w\\W\\s\\S", "1a_- x", "aaaaaa"],
    ["\\n\\r\\t\\f\\v\\0", "\n\r\t\f\v\0", "x"],
    ["\\.\\*\\/\\-\\@\\ \\_?", ".*/-@ ", ".*/-@ _"],
    ["^ab$", "ab", "ab\n", "xab"],
    ["^a|b$", "a", "b", "xb", "bx"],
    [".*\\bcat\\b.*", "a cat!", "concat", "cat", "cats"],
    [".*\\Bat.*", "cat", "at", " at"],
    ["(?=.*\\d)(?=.*[a-z]).*", "a1", "1", "a", "-1a-"],
    ["(?!admin).*", "user", "admin", "administrator"],
    ["(?!.*(?=x)(?!xy)).*", "axy", "ax", "a"],
    ["(?:(?=a).)*b", "aab", "acb", "b"],
    ["(?:(?!ab).)*", "xxx", "xabx"],
    ["é.😀", "éx😀", "é😀"],
    [".", "😀", "\u2028x"],
    ["[😀-😂]", "😁", "😎"],
  ])("%j is matched as JavaScript does", async (source, ...texts) => {
    const whole = new RegExp(`^(?:${source})$`, /[😀-😂]/u.test(source + texts.join("")) ? "u" : "");
    for (const text of texts) {
      // `in` does not look at empty text, but a list's members may be empty.
      expect([text, await passes(["in", "v", ["list_any_of", ["regex", source]]], { v: [text] })]).toEqual([
        text,
        whole.test(text),
      ]);
    }
  });

  test.each<[string, string, boolean]>([
    [".", "\r", true],
    [".", "\u2028", true],
    [".", "\n", false],
    ["\\d", "١", false],
    ["\\w", "é", false],
    ["a\\sb", "a\u0085b", true],
    ["a\\sb", "a\u001cb", true],
    ["a\\sb", "a\u2003b", true],
    ["a\\sb", "a\ufeffb", false],
    ["a\\Sb", "a\ufeffb", true],
    ["a\\Sb", "a\u001fb", false],
  ])("%s matches %j: %s", async (source, text, expected) => {
    expect(await passes(["in", "v", ["regex", source]], { v: text })).toBe(expected);
  });

  test("\\B is found in no empty text, as in Python", async () => {
    const search = ["in", "v", ["list_any_of", ["regex", "\\B", false]]];
    expect(await passes(search, { v: [""] })).toBe(false);
    expect(await passes(search, { v: [" "] })).toBe(true);
  });

  test.each<[string, string, string]>([
    ["a", "xax", "x"],
    ["^adm|staff$", "my staff", "my staff!"],
    ["(?!b)[a-c]{2}", "bab", "bb"],
    ["x*", "aaa", ""],
  ])("%s is searched in %j and not found in %j", async (source, found, missing) => {
    const search = ["in", "v", ["list_all_of", ["regex", source, false]]];
    expect(await passes(search, { v: [found] })).toBe(true);
    if (missing !== "") expect(await passes(search, { v: [missing] })).toBe(false);
  });

  test.each<[string, RegExp]>([
    ["\\Aa", /\\A, which Python and JavaScript read differently/],
    ["a\\Z", /\\Z, which/],
    ["(?P<x>a)", /has \(\?P</],
    ["(?P=x)", /has \(\?P=/],
    ["(?i)a", /has \(\?i\)/],
    ["(?i:a)", /has \(\?i:/],
    ["(?<x>a)", /has \(\?<x/],
    ["(?<=a)b", /has \(\?<=/],
    ["(?<!a)b", /has \(\?<!/],
    ["(?#a)", /has \(\?#a/],
    ["(?>a)", /has \(\?>a/],
    ["(?", /has \(\?,/],
    ["(a)\\1", /\\1, which/],
    ["\\01", /\\0, which/],
    ["\\a", /\\a, which/],
    ["\\p{L}", /\\p, which/],
    ["\\U0001F600", /\\U, which/],
    ["\\x1", /\\x, which/],
    ["\\u12", /\\u, which/],
    ["[\\B]", /\\B, which/],
    ["\\", /ends with a backslash/],
    ["a{,3}", /write \{0,n\}/],
    ["a{3,2}", /the least is more than the most/],
    ["*a", /repeats nothing/],
    ["a|+", /repeats nothing/],
    ["(?:?)", /repeats nothing/],
    ["^*", /repeats nothing/],
    ["\\b+", /repeats nothing/],
    ["a**", /repeats a repetition/],
    ["a*+", /repeats a repetition/],
    ["a{2}{3}", /repeats a repetition/],
    ["(a", /is not closed/],
    ["a)", /has a \) too many/],
    ["[a", /has a \[ that is not closed/],
    ["[]a]", /begins with \]/],
    ["[^]", /begins with \]/],
    ["[b-a]", /range/],
    ["[\\d-z]", /range/],
    ["[a-\\d]", /range/],
    ["a{1001}", /is too large a pattern/],
    ["a{0,1001}", /is too large a pattern/],
    ["a{1001,}", /is too large a pattern/],
    ["(a{100}){100}", /is too large a pattern/],
  ])("is an options error if it is %s", (source, problem) => {
    expectOptionsError(
      () => fromTokenAuthenticatorConfig(configWith(["regex", source])),
      "oauth.jwt_validation.validator[1]",
      problem,
    );
  });

  test.each([
    ["(a+)+$", `${"a".repeat(1023)}!`],
    ["(a|a)*b", "a".repeat(1024)],
    ["(a*)*(a*)*(a*)*b", "a".repeat(1024)],
    ["(.*)(.*)(.*)(.*)(.*)x", "a".repeat(1024)],
    ["(?:(?=(a+)+b)a)*", "a".repeat(1024)],
    ["(?:a?){300}a{300}", "a".repeat(1024)],
  ])("%s does not block the event loop over hostile text", async (source, text) => {
    const options = fromTokenAuthenticatorConfig(configWith(["in", "v", ["regex", source]]))[TYPE];
    const { authorize } = options as { authorize: (claims: object, submission: object) => boolean };
    const claims = { iss: "i", sub: "s", v: text };
    authorize(claims, {});
    const start = performance.now();
    expect(await Promise.resolve(authorize(claims, {}))).toBe(false);
    // What backtracks takes longer than anybody lives.
    expect(performance.now() - start).toBeLessThan(2_000);
  });
});
