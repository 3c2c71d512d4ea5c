import { createSecretKey } from "node:crypto";

import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { createAccessTokens } from "matrix-jwt-login";

import { pem, privatePem, RSA, SECRET } from "../helpers/keys.js";
import { encode, forged, inSeconds, type Part, signature, signed, token, type TokenParts } from "../helpers/tokens.js";
import { run, temporaryFolder, type Run } from "./helpers.js";

const folder = temporaryFolder();
const SECRET_FILE = folder.file("secret", `${SECRET}\n`);
const KEY_FILE = folder.file("key.pem", pem(RSA));

const warn = jest.spyOn(process, "emitWarning");
beforeAll(() => {
  warn.mockImplementation(() => undefined);
});
afterAll(() => {
  warn.mockRestore();
  folder.remove();
});

function explain(text: string, ...flags: readonly string[]): Promise<Run> {
  return run(["explain", "--secret", SECRET, ...flags, "-"], { stdin: `${text}\n` });
}

/** What is said of a rule: its line, and the indented ones that belong to it. */
function said({ stdout }: Run, rule: string): string {
  const [, found = `nothing of ${rule}`] =
    new RegExp(`^((?:pass|FAIL| -  ) {2}${rule} .*(?:\n {17}.*)*)`, "m").exec(stdout) ?? [];
  return found.replace(/ +/g, " ");
}

describe("explain", () => {
  test("says of each rule what it saw", async () => {
    const { exitCode, stdout, stderr } = await run(
      [
        ...[
          "explain",
          "--secret-file",
          SECRET_FILE,
          "--algorithm",
          "HS256",
          "--issuer",
          "https://idp",
          "--audience",
          "a",
        ],
        ...["--audience", "b", "--token-type", "at+jwt", "--scope", "login", "--max-token-age", "60"],
        ...["--server-name", "example.org", "--clock-tolerance", "30", "--max-token-length", "1000"],
      ],
      {
        stdin: token(
          { iss: "https://idp", aud: ["b", "c"], scope: "openid login", iat: 1_700_000_000, exp: 1_700_000_100 },
          { header: { typ: "AT+JWT" } },
        ).concat("\r\n"),
      },
    );
    expect(stdout.replace(/[\d.]+ d ago/g, "N d ago")).toBe(`Refused (expired): token expired

pass  length     229 characters of at most 1000
pass  shape      3 parts in base64url; header and claims are JSON objects
pass  crit       none in the header; none is supported
pass  alg        "HS256" in the header; allowed: HS256
pass  key        1 for HS256 in secret
pass  signature  good
pass  purpose    typ "AT+JWT", events none
pass  typ        "AT+JWT" in the header; required: "application/at+jwt"
FAIL  exp        token expired
                 2023-11-14T22:15:00.000Z, N d ago; leeway 30 s
                 -> Get a fresh token. If it is fresh, set the clocks on both sides; clockTolerance takes up to 600 s.
 -    lifetime   not checked: maxTokenLifetime is not set
pass  nbf        none; leeway 30 s
pass  iat        2023-11-14T22:13:20.000Z, N d ago; leeway 30 s
FAIL  age        token too old (iat)
                 iat 2023-11-14T22:13:20.000Z, N d ago; at most 60 s old
                 -> Get a fresh token, or raise maxTokenAge. The issuer has to set iat.
pass  iss        "https://idp"; required: "https://idp"
pass  aud        ["b", "c"]; required: "a" or "b"
pass  cnf        none
pass  scope      scope "openid login", scp none; required: ["login"]
pass  subject    "alice"
 -    single use not checked: singleUse is off
pass  user ID    "@alice:example.org"
 -    authorize  not checked: authorize is not set
 -    new user   not checked: allowRegistration is off

Refused (expired): token expired
Another rule is broken as well.
`);
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: "" });
  });

  test("accepts what the library accepts", async () => {
    const { exitCode, stdout } = await explain(token());
    expect(stdout).toMatch(
      /^Accepted, if findUser knows the user\.\n\n[^]*\n\nAccepted, if findUser knows the user\.\n$/,
    );
    expect(stdout).not.toContain("FAIL");
    expect(exitCode).toBe(0);
  });

  const rs256: TokenParts = { algorithm: "RS256" };
  type Case = readonly [name: string, text: string, flags: readonly string[], rule: string, expected: string];
  const cases: readonly Case[] = [
    ["a token that is too long", token(), ["--max-token-length", "9"], "length", "FAIL length token is longer than"],
    [
      "an opaque token",
      "opaque",
      [],
      "shape",
      "FAIL shape token malformed: a signed token has three parts\n parts between dots: 1",
    ],
    [
      "an encrypted token",
      "a.b.c.d.e",
      [],
      "shape",
      "five parts: an encrypted token (JWE)\n -> Set the option decryption",
    ],
    [
      "a token with padding",
      `${token()}==`,
      [],
      "shape",
      "a part is base64 with padding, or of the alphabet with + and /\n -> Have the issuer write base64url",
    ],
    [
      "a critical extension",
      token({}, { header: { crit: ["b64"] } }),
      [],
      "crit",
      '["b64"] in the header; none is supported',
    ],
    [
      "another algorithm",
      token({}, rs256),
      [],
      "alg",
      'FAIL alg token algorithm not allowed (alg)\n "RS256" in the header; allowed: HS256, HS384, HS512',
    ],
    [
      "another algorithm's key",
      token({}, rs256),
      [],
      "key",
      "FAIL key token key not known (kid, alg)\n none for RS256 in secret",
    ],
    [
      "an altered token",
      forged(token()),
      [],
      "signature",
      "FAIL signature token signature invalid\n -> Compare the keys",
    ],
    [
      "claims that are no JSON",
      signed("{alice"),
      [],
      "signature",
      "FAIL signature token malformed: its claims are not JSON\n -> ",
    ],
    ["another type", token(), ["--token-type", "at+jwt"], "typ", '"JWT" in the header; required: "application/at+jwt"'],
    ["no expiry", signed({ sub: "alice" }), [], "exp", "FAIL exp token has no expiry (exp)\n none; leeway 60 s"],
    ["no expiry where none is needed", signed({ sub: "alice" }), ["--optional-expiry"], "exp", "pass exp none;"],
    [
      "an expiry in text",
      token({ exp: "tomorrow" }),
      [],
      "exp",
      'FAIL exp token has a time that is not a number (exp)\n "tomorrow"',
    ],
    [
      "an expiry in milliseconds",
      token({ exp: Date.now() + 1e6 }),
      [],
      "exp",
      "which looks like milliseconds and must be seconds",
    ],
    ["an expiry before all dates", token({ exp: -1e15 }), [], "exp", "-1000000000000000, beyond any date"],
    ["a start in an hour", token({ nbf: inSeconds(3_700) }), [], "nbf", "in 61 min; leeway 60 s"],
    [
      "an issue in the future",
      token({ iat: inSeconds(9_000) }),
      [],
      "iat",
      "FAIL iat token issued in the future (iat)",
    ],
    ["no time of issue", token(), ["--max-token-age", "60"], "age", "iat none; at most 60 s old"],
    [
      "another issuer",
      token({ iss: "https://a/" }),
      ["--issuer", "https://a", "--issuer", "b"],
      "iss",
      '"https://a/"; required: "https://a" or "b"',
    ],
    ["an audience that is not expected", token({ aud: "a" }), [], "aud", '"a"; audience is not set'],
    ["any audience", token({ aud: "a" }), ["--any-audience"], "aud", "- aud not checked: audience is null"],
    [
      "a list where text is expected",
      token({ aud: [["a"], {}, null, 1, true] }),
      ["--audience", "a"],
      "aud",
      "[a list, an object, null, 1, true]; required",
    ],
    ["a long list", token({ aud: Array.from("0123456789ab") }), ["--audience", "a"], "aud", '"9", and 2 more];'],
    [
      "scopes as scp",
      token({ scp: ["a"] }),
      ["--scope", "a", "--scope", "b"],
      "scope",
      'scope none, scp ["a"]; required: ["a", "b"]',
    ],
    [
      "no subject",
      token({ sub: null, iss: "i", email: "e" }),
      [],
      "subject",
      'FAIL subject token has no usable subject\n claims that are text: ["iss", "email"]',
    ],
    [
      "no claim of the name that was given",
      token({ sub: "a", iss: "i" }),
      ["--subject-claim", "username"],
      "subject",
      'FAIL subject token has no usable subject\n claims that are text: ["sub", "iss"]; subjectClaim is "username"',
    ],
    [
      "a subject further down",
      token({ user: { name: "bob" } }),
      ["--subject-claim", "user", "--subject-claim", "name"],
      "subject",
      'pass subject "bob"',
    ],
    [
      "a subject that is a number",
      token({ sub: 12 }),
      [],
      "subject",
      "found the number 12; claims that are text: []\n -> If numbers name your users, set subjectClaim: ({ sub })",
    ],
    ["no server name", token(), [], "user ID", 'pass user ID of "alice" on some server: give --server-name'],
    ["no localpart without a server name", token({ sub: "a:b" }), [], "user ID", "FAIL user ID token subject is not a"],
    [
      "a user of another server",
      token({ sub: "@a:b" }),
      ["--server-name", "c", "--subject-format", "userId"],
      "user ID",
      'of another server\n of "@a:b" on c\n -> See subjectFormat',
    ],
    [
      "a subject to escape",
      token({ sub: "auth0|1" }),
      ["--server-name", "c", "--localpart", "escape"],
      "user ID",
      'pass user ID "@auth0=7c1:c"',
    ],
    ["a name from before", token({ sub: "Alice" }), ["--server-name", "c"], "user ID", 'pass user ID "@Alice:c"'],
  ];
  test.each(cases)("shows %s", async (_, text, flags, rule, expected) => {
    const explained = await explain(text, ...flags);
    expect(said(explained, rule)).toContain(expected);
  });

  test("goes on after a broken rule with all that can be judged", async () => {
    const explained = await explain(
      token({ exp: 1, iss: "x" }, { header: { crit: [] } }).slice(0, -3),
      "--issuer",
      "y",
    );
    for (const rule of ["crit", "signature", "exp", "iss"]) expect(said(explained, rule)).toMatch(/^FAIL/);
    expect(explained.stdout).toContain(
      "\nThe claims are shown as they are in the token; its signature does not prove them.\n",
    );
    expect(explained.stdout).toMatch(/\nRefused \(critical\): .*\n3 other rules are broken as well\.\n$/);
  });

  test("names what can't be judged", async () => {
    const { stdout } = await explain(signed({ sub: 1 }, { header: { alg: "none" } }));
    expect(stdout).toContain(
      "\nNot judged, as something else has to be right first: key, signature, user ID, new user.\n",
    );
  });

  test.each<readonly [string, Part, number]>([
    ["is malformed", "[]", 1],
    ["has claims that are no JSON", "{", 1],
  ])("shows no claims of a token that %s", async (_, payload, exitCode) => {
    const explained = await explain(signed(payload));
    expect(explained.stdout).not.toContain("The claims are shown");
    expect(said(explained, "exp")).toBe("nothing of exp");
    expect(explained.exitCode).toBe(exitCode);
  });

  test("asks the host's function last, and of good tokens alone", async () => {
    const options = folder.file(
      "options.cjs",
      `exports.asked = [];
       exports.default = {
         secret: ${JSON.stringify(SECRET)},
         authorize: async ({ sub }, submission) => {
           if (sub === "mallory") throw new Error("no \\u001b[31mdatabase");
           return Object.keys(submission).length === 0 && sub === "alice";
         },
       };`,
    );
    const asked = async (claims: object) =>
      run(["explain", "--options", options], { stdin: signed({ exp: inSeconds(9), ...claims }) });

    expect(said(await asked({ sub: "alice" }), "authorize")).toMatch(/^pass authorize your own function/);
    expect((await asked({ sub: "alice" })).exitCode).toBe(0);
    expect((await asked({ sub: "bob" })).stdout).toContain("\nRefused (unauthorized): token not authorized\n");
    expect((await asked({ sub: "mallory" })).stdout).toContain(
      "\nRefused (host): matrix-jwt-login: authorize failed: no \\u{1b}[31mdatabase\n",
    );
    expect(said(await asked({ sub: "mallory", exp: 1 }), "authorize")).toBe("nothing of authorize");
  });

  test("asks for the display name, if there is an option", async () => {
    // A module is loaded once by its name.
    let files = 0;
    const options = (claim: string) =>
      folder.file(
        `named-${String((files += 1))}.cjs`,
        `module.exports = { secret: "${SECRET}", displayNameClaim: ${claim} };`,
      );
    const asked = (claim: string, claims: object = {}) =>
      run(["explain", "--options", options(claim)], { stdin: token({ name: "Alice", ...claims }) });
    expect(said(await asked('"name"'), "display name")).toBe('pass display name "Alice"');
    expect(said(await asked('"name"', { exp: 1 }), "display name")).toBe("nothing of display name");
    const failed = await asked('() => { throw new Error("no database"); }');
    expect(said(failed, "display name")).toMatch(/^FAIL display name matrix-jwt-login: displayNameClaim failed: no d/);
    expect(failed.exitCode).toBe(1);
    expect((await run(["explain", "--secret", SECRET, token()])).stdout).not.toContain("display name");
  });

  test("reports a subject function that fails", async () => {
    const options = folder.file(
      "failing.cjs",
      `module.exports = { secret: "x".repeat(64), subjectClaim() { throw "no"; } };`,
    );
    const explained = await run(["explain", "--options", options, token()]);
    expect(said(explained, "subject")).toMatch(/^FAIL subject matrix-jwt-login: subjectClaim failed: no\n/);
  });

  test.each([
    ["alone", "own"],
    ["in the options of matrixBearerAuth", '{ serverName: "example.org", tokens: own }'],
    ["with what makes them", "{ issue() {}, verification: own }"],
    ["in a list there", '{ serverName: "example.org", tokens: [{ issuer: "a" }, own] }'],
  ])("says how to ask about tokens of createAccessTokens, given %s", async (_, exported) => {
    const { verification } = createAccessTokens({ secret: SECRET, issuer: "i", audience: "a" });
    const mark = Object.getOwnPropertyNames(verification).find((name) => !["issuer", "audience"].includes(name));
    const own = `Object.defineProperty({ issuer: "i" }, ${JSON.stringify(mark)}, { value: {} })`;
    const options = folder.file("own.cjs", `const own = ${own};\nmodule.exports = ${exported};`);
    expect(await run(["explain", "--options", options, token()])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("--token-type at+jwt and --subject-format userId"),
    });
  });

  test("chooses among several login types", async () => {
    const types = `{ "org.example.a": { secret: "${SECRET}" }, "org.example.b": { secret: "${"x".repeat(64)}" } }`;
    const options = folder.file("several.cjs", `module.exports = { serverName: "example.org", loginTypes: ${types} };`);
    const asked = (...more: string[]) => run(["explain", "--options", options, ...more, token()]);
    expect((await asked("--login-type", "org.example.a")).exitCode).toBe(0);
    expect((await asked("--login-type", "org.example.b")).exitCode).toBe(1);
    expect(await asked()).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("choose it by --login-type") });
    const unknown = "--login-type org.example.c is not among those of --options: org.example.a, org.example.b";
    expect(await asked("--login-type", "org.example.c")).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining(unknown),
    });
    const alone = await run(["explain", "--secret", SECRET, "--login-type", "x", token()]);
    expect(alone.stderr).toContain("--login-type x is not among those of --options: there are none");
  });

  test.each([
    ["quotes", `"${token()}"`],
    ["line breaks", `${token().slice(0, 30)}\n${token().slice(30)}`],
    ["spaces in front", `  ${token()}`],
  ])("says that %s were left out", async (_, pasted) => {
    const explained = await run(["explain", "--secret", SECRET], { stdin: pasted });
    expect(explained.stdout).toMatch(/^Accepted/);
    expect(explained.stderr).toBe(
      "Quotes or white space were left out: a login takes the token alone, and refuses what is around it or in it.\n",
    );
  });

  test("names what is no part of a token", async () => {
    const explained = await run(["explain", "--secret", SECRET], { stdin: `access_token=${token()}&expires_in=1` });
    expect(said(explained, "shape")).toContain(
      'characters that are no part of a token: ["=", "&"]\n -> Give the token alone',
    );
  });

  describe("linked accounts", () => {
    const whole = (existingUsers?: string, type = "") => `module.exports = {
      serverName: "example.org",
      loginTypes: { "org.matrix.login.jwt": { secret: "${SECRET}", issuer: "https://id"${type} } },
      externalIds: { find() {}, link() {}${existingUsers === undefined ? "" : `, existingUsers: ${existingUsers}`} },
    };`;
    test.each([
      ["linked", "yes", "alice"],
      ["not linked", "no", "alice"],
    ])("a display name that fails refuses one who is %s", async (_, linked, sub) => {
      const failing = ", displayNameClaim: () => { throw new Error('none'); }";
      const file = folder.file(`unnamed-${linked}.cjs`, whole('"link"', failing));
      const pasted = token({ iss: "https://id", sub });
      const explained = await run(["explain", "--options", file, "--linked", linked, pasted]);
      expect(explained.stdout).toMatch(/^Refused \(host\): matrix-jwt-login: displayNameClaim failed: none\n/);
    });

    const identity = { iss: "https://id", sub: "alice" };
    test.each<[string, string, readonly string[], object, number, string]>([
      [
        "linked, unless said otherwise",
        whole('"refuse"'),
        [],
        identity,
        0,
        "Accepted, if externalIds.find knows the identity, and findUser its user.",
      ],
      [
        "no subject",
        whole('"refuse"'),
        [],
        { ...identity, sub: undefined },
        1,
        "Refused (subject): token has no issuer or no subject (iss, sub)",
      ],
      [
        "a subject that is no localpart",
        whole('"refuse"'),
        [],
        { ...identity, sub: "@:" },
        0,
        "Accepted, if externalIds.find",
      ],
      [
        "nobody whom the link names",
        whole('"refuse"', ", allowRegistration: true"),
        ["--user", "unknown"],
        identity,
        1,
        "Refused (unknown_user): User does not exist",
      ],
      [
        "not linked",
        whole(),
        ["--linked", "no"],
        identity,
        1,
        "Refused (unlinked): This account is not linked to your identity",
      ],
      ["to be linked", whole('"link"'), ["--linked", "no"], identity, 0, "Accepted, if findUser knows the user."],
      [
        "linked by a function",
        whole("() => true"),
        ["--linked", "no"],
        identity,
        0,
        "Accepted, if findUser knows the user and existingUsers returns true.",
      ],
      [
        "not linked, a subject that is no localpart",
        whole('"link"'),
        ["--linked", "no"],
        { ...identity, sub: "@:" },
        1,
        "Refused (user_id)",
      ],
      [
        "not linked, no subject that is asked for",
        whole('"link"', ', subjectClaim: "name"'),
        ["--linked", "no"],
        identity,
        1,
        "Refused (subject)",
      ],
      ["a new user", whole('"refuse"', ", allowRegistration: true"), ["--linked", "no"], identity, 0, "Accepted."],
    ])("%s", async (name, code, flags, claims, exitCode, verdict) => {
      const file = folder.file(`accounts-${name.replaceAll(" ", "-")}.cjs`, code);
      const explained = await run(["explain", "--options", file, ...flags, token({ ...claims })]);
      expect(explained.stdout.split("\n")[0]).toContain(verdict);
      expect({ exitCode: explained.exitCode, stderr: explained.stderr }).toEqual({ exitCode, stderr: "" });
    });

    test("are not judged of a token that is refused, but its identity is", async () => {
      const file = folder.file("accounts.cjs", whole('"link"'));
      const explained = await run([
        "explain",
        "--options",
        file,
        token({ ...identity, exp: 1 }, { key: createSecretKey(Buffer.alloc(32)) }),
      ]);
      expect(explained.stdout).toContain('pass  identity   iss "https://id", sub "alice"');
      expect(explained.stdout).toContain(
        "Not judged, as something else has to be right first: linked, user ID, new user.",
      );
      const noToken = await run(["explain", "--options", file, "x"]);
      expect(noToken.stdout).toMatch(/Not judged.*: .*identity, linked/);
    });

    test.each([
      [["--linked", "maybe", "--secret", SECRET], "--linked must be yes or no"],
      [["--linked", "yes", "--secret", SECRET], "--linked goes with --options that have externalIds"],
    ])("%j is wrong", async (flags, problem) => {
      const { exitCode, stderr } = await run(["explain", ...flags, token()]);
      expect([exitCode, stderr]).toEqual([2, expect.stringContaining(problem)]);
    });
  });

  test.each([
    ["match", "\nIf the login request names a user, it must be this one (identifier).\n"],
    ["require", "\nThe login request must name this user too (identifier).\n"],
  ])("says what identifier: %s asks of the request", async (identifier, sentence) => {
    const options = folder.file(`${identifier}.json`, JSON.stringify({ secret: SECRET, identifier }));
    expect((await run(["explain", "--options", options, token()])).stdout).toContain(sentence);
  });

  test.each([
    [60, 0, "pass single use exp is at most 7 days ahead; only your server knows"],
    [8 * 86_400, 1, "FAIL single use token expires more than 7 days from now (exp)"],
  ])("looks at the expiry of a token for a single use (%i s)", async (seconds, exitCode, expected) => {
    const options = folder.file(`${String(seconds)}.json`, JSON.stringify({ secret: SECRET, singleUse: true }));
    const explained = await run(["explain", "--options", options, token({ exp: inSeconds(seconds) })]);
    expect(said(explained, "single use")).toContain(expected);
    expect(explained.exitCode).toBe(exitCode);
  });
});

describe("a secret that the issuer spells otherwise", () => {
  const input = `${encode({ alg: "HS256" })}.${encode({ sub: "alice", exp: inSeconds(60) })}`;
  const signedBy = (secret: string | Buffer) => {
    const key = createSecretKey(typeof secret === "string" ? Buffer.from(secret) : secret);
    return `${input}.${signature(input, "HS256", key).toString("base64url")}`;
  };
  const URL_BYTES = Buffer.concat([Buffer.from("abc"), Buffer.alloc(33, 0xfb)]);
  const bytes = Buffer.from("thirty-two bytes, of any kind \x00\xff", "latin1");

  test.each<readonly [string, string | Buffer, string]>([
    ["with a line end after it", `${SECRET}\n`, SECRET],
    ["without the white space around it", SECRET, ` ${SECRET} `],
    ["decoded from base64", bytes, bytes.toString("base64")],
    ["decoded from base64", bytes, bytes.toString("base64url")],
    ["decoded from base64url", URL_BYTES, URL_BYTES.toString("base64url")],
    ["without the quotes around it", SECRET, `"${SECRET}"`],
    ["without the white space and the quotes around it", SECRET, `'${SECRET}'\r\n`],
    ["without its byte order mark and the white space around it", SECRET, `\ufeff${SECRET}\r`],
    ["without its byte order mark", SECRET, `\ufeff${SECRET}`],
    ["without the white space around it and decoded from base64", bytes, ` ${bytes.toString("base64")}\r`],
    ["decoded from hexadecimal", bytes, bytes.toString("hex")],
    ["encoded in base64", Buffer.from(SECRET).toString("base64"), SECRET],
  ])("is told: %s", async (how, theirs, ours) => {
    const explained = await run(["explain", "--secret", "x".repeat(64), "--secret", ours, signedBy(theirs)]);
    expect(said(explained, "signature")).toContain(`\n with the secret ${how} it is good\n`);
    expect(explained.exitCode).toBe(1);
  });

  test("is not guessed for public keys", async () => {
    const explained = await run(["explain", "--key-file", KEY_FILE, forged(token({}, { algorithm: "RS256" }))]);
    expect(said(explained, "signature")).toMatch(/^FAIL signature token signature invalid\n -> /);
    expect(said(explained, "key")).toContain(`1 for RS256 in keyFile ${KEY_FILE}`);
  });
});

describe("secrets", () => {
  test.each(["\u001b[2J", "\u009b31m", "\u202e", "\u2028", "\u0000", "\ud800", "\n"])(
    "of a terminal are not given away by %j in a token",
    async (character) => {
      const claims = {
        sub: character,
        aud: [character],
        iss: character,
        scope: character,
        exp: character,
        [character]: "",
      };
      const text = token(claims, {
        header: { kid: character, typ: character, crit: character, alg: `HS256${character}` },
      });
      const { stdout } = await explain(text, "--issuer", "x", "--audience", "x", "--scope", "x", "--token-type", "x");
      const codes = Array.from(stdout.replaceAll("\n", ""), (one) => Number(one.codePointAt(0)));
      expect(codes.filter((code) => code < 32 || code > 126)).toEqual([]);
    },
  );

  test("are not printed, nor is the signature", async () => {
    const good = token({ sub: "alice", password: "in-a-claim" });
    const bad = `${token({ sub: 1, password: "in-a-claim" })}AA`;
    const runs = await Promise.all([
      explain(good),
      explain(bad),
      explain(`${good}.`),
      run(["explain", "--secret", SECRET, good, SECRET]),
      run(["explain", "--secret-file", SECRET_FILE, SECRET]),
      run(["explain", "--options", folder.file("broken.json", `{ secret: "${SECRET}" }`), good]),
      run(["explain", "--key-file", folder.file("private.pem", privatePem(RSA)), good]),
      run([SECRET, "explain"]),
    ]);
    const [, , mark = ""] = good.split(".");
    for (const { stdout, stderr } of runs) {
      for (const kept of [SECRET, mark, "in-a-claim", "BEGIN", "MII"]) expect(stdout + stderr).not.toContain(kept);
    }
    expect(runs.map(({ exitCode }) => exitCode)).toEqual([0, 1, 1, 2, 1, 2, 2, 2]);
  });

  test("are cut if they are long", async () => {
    const explained = await explain(token({ sub: "a".repeat(300) }));
    expect(said(explained, "subject")).toBe(`pass subject "${"a".repeat(100)}"... (300 characters)`);
  });
});

describe("where the token comes from", () => {
  test("is the command line, too", async () => {
    expect((await run(["explain", "--secret", SECRET, token()])).exitCode).toBe(0);
  });

  test("is standard input, and who sits there is told", async () => {
    const explained = await run(["explain", "--secret", SECRET], { stdin: token(), isTTY: true });
    expect(explained).toMatchObject({ exitCode: 0, stderr: "Paste the token, then press Enter and Ctrl-D.\n" });
  });
});

describe("options", () => {
  test.each<readonly [string, string, string]>([
    ["JSON", "a.json", JSON.stringify({ secret: SECRET, issuer: "https://idp" })],
    ["a CommonJS module", "b.cjs", `module.exports = { secret: ${JSON.stringify(SECRET)}, issuer: "https://idp" };`],
    [
      "a module with a default export",
      "c.cjs",
      `exports.default = { secret: ${JSON.stringify(SECRET)}, issuer: "https://idp" };`,
    ],
    [
      "an export of CommonJS with a name of its own",
      "e.cjs",
      `exports.mine = { secret: ${JSON.stringify(SECRET)}, issuer: "https://idp" };`,
    ],
    [
      "a promise of them",
      "d.cjs",
      `exports.default = Promise.resolve({ secret: ${JSON.stringify(SECRET)}, issuer: "https://idp" });`,
    ],
  ])("are taken from %s, and the flags go over them", async (_, name, content) => {
    const options = folder.file(name, content);
    const good = token({ iss: "https://idp" });
    expect((await run(["explain", "--options", options, good])).exitCode).toBe(0);
    expect((await run(["explain", "--options", options, token()])).exitCode).toBe(1);
    expect((await run(["explain", "--options", options, "--issuer", "other", good])).exitCode).toBe(1);
  });

  test.each<[string, object, readonly string[], string]>([
    ["discovery", { discover: true, issuer: "https://idp", jwksOptions: {} }, ["--key-file", KEY_FILE], "RS256"],
    ["a secret", { secret: "x".repeat(40), issuer: "https://idp" }, ["--key-file", KEY_FILE], "RS256"],
    ["a key file", { keyFile: KEY_FILE, issuer: "https://idp" }, ["--secret", SECRET], "HS256"],
  ])("are used with another key source than %s, if a flag names one", async (name, content, flags, algorithm) => {
    const options = folder.file(`source-${name.replaceAll(" ", "-")}.json`, JSON.stringify(content));
    const good = token({ iss: "https://idp" }, { algorithm: algorithm as "HS256" });
    expect(await run(["explain", "--options", options, ...flags, good])).toMatchObject({ exitCode: 0, stderr: "" });
    expect((await run(["explain", "--options", options, ...flags, token()])).exitCode).toBe(1);
  });

  test.each([
    ["under the name loginTypes", "dotless.cjs", "exports.__esModule = true; exports.loginTypes = ", []],
    ["with --login-type", "dotless.json", "", ["--login-type", "jwt"]],
  ])("may be of a login type whose name has no dot: %s", async (_, name, start, flags) => {
    const file = folder.file(name, `${start}${JSON.stringify({ jwt: { secret: SECRET } })}`);
    expect(await run(["explain", "--options", file, ...flags, token()])).toMatchObject({ exitCode: 0, stderr: "" });
  });

  test("of a migration that makes no login type are wrong use, and say why", async () => {
    const { exitCode, stderr } = await run(["explain", "--options", folder.file("none.json", "{}"), token()]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("makes none unless jwt_config is enabled");
  });

  test("are used with all of nine secrets, whatever kid a token has not", async () => {
    const secret = Array.from({ length: 9 }, (_, i) => String(i).repeat(40));
    const { stdout } = await run([
      "explain",
      "--options",
      folder.file("nine.json", JSON.stringify({ secret })),
      token(),
    ]);
    expect(stdout).not.toContain("there may be more");
  });

  test("take a secret with one line end less", async () => {
    const withTwo = folder.file("two", `${SECRET}\r\n\n`);
    expect((await run(["explain", "--secret-file", withTwo, token()])).exitCode).toBe(1);
    expect((await run(["explain", "--secret-file", withTwo, "--secret-file", SECRET_FILE, token()])).exitCode).toBe(0);
  });

  test.each([
    ["no key", [], "options has no key source; give one of secret,"],
    ["no key, with a flag for each", [], "by --secret-file, --key-file, --jwks-uri, --discover"],
    ["two keys", ["--secret", SECRET, "--key-file", KEY_FILE], "keyFile cannot be combined with secret"],
    ["a secret file that is not there", ["--secret-file", "/none"], "--secret-file can't be read: ENOENT"],
    ["a key file that is not there", ["--key-file", "/none"], "keyFile names a file that can't be read: ENOENT"],
    ["an issuer to discover that is missing", ["--discover"], "issuer is required"],
    ["http", ["--jwks-uri", "http://idp.example.org/"], "jwksUri must be an https: URL"],
    [
      "an algorithm that does not fit",
      ["--secret", SECRET, "--algorithm", "RS256"],
      "algorithms[0] is RS256, which does not fit",
    ],
    [
      "no number",
      ["--secret", SECRET, "--clock-tolerance", "1m"],
      "clockTolerance must be a number of seconds, 0 to 600",
    ],
    ["both kinds of audience", ["--secret", SECRET, "--audience", "a", "--any-audience"], "exclude each other"],
    [
      "a URL for a server name",
      ["--secret", SECRET, "--server-name", "https://a"],
      "--server-name must be a Matrix server name",
    ],
    ["two tokens", ["--secret", SECRET, "a", "b"], "takes one token"],
    ["options that are not there", ["--options", "/none.json"], "--options can't be loaded: Cannot find module"],
    [
      "JSON of one unknown option",
      ["--options", folder.file("one.json", '{"rules":{"secret":"x"}}')],
      "rules is not an option",
    ],
    ["options of a number", ["--options", folder.file("number.json", "1")], "--options must hold an object"],
    ["options of null", ["--options", folder.file("null.json", "null")], "--options must hold an object"],
    [
      "a module without exports",
      ["--options", folder.file("nothing.cjs", "Object.defineProperty(exports, '__esModule', { value: true })")],
      "--options must hold an object, and it exports nothing",
    ],
    [
      "an unknown option",
      ["--options", folder.file("unknown.json", '{"sekret":1}')],
      "sekret is not an option of this version",
    ],
    [
      "options that fail",
      ["--options", folder.file("throws.cjs", 'throw new Error("on purpose")')],
      "can't be loaded: on purpose",
    ],
  ])("refuse %s as wrong use", async (_, args, problem) => {
    const { exitCode, stdout, stderr } = await run(["explain", ...args], { stdin: token() });
    expect(stderr).toContain(problem);
    expect(stderr).toMatch(/^matrix-jwt-login explain: .*; see matrix-jwt-login explain --help\n$/);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
  });
});
