import { createSecretKey, generateKeyPairSync, sign, type KeyObject } from "node:crypto";

import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from "@jest/globals";
import type { Algorithm, LoginTypeOptions, RejectEvent } from "matrix-jwt-login";

import { certificate } from "../helpers/certificates.js";
import { EXPRESS_VERSIONS, type RunningServer } from "../helpers/hosts.js";
import { keySet, serveJwks, type JwksServer } from "../helpers/jwks-server.js";
import { ED25519, jwk, KEYS, P256, pem, RSA, SECRET } from "../helpers/keys.js";
import { host, login, optionsWith } from "../helpers/login.js";
import { encode, inSeconds, signature, signed, token, type Part } from "../helpers/tokens.js";
import { verdict, verifierOf } from "../helpers/verdict.js";

/** One login type for each kind of key, all of one host. */
const VICTIMS = {
  secret: { secret: SECRET },
  rsa: { publicKey: pem(RSA) },
  ec: { publicKey: pem(P256) },
  p384: { publicKey: pem(KEYS.ES384) },
  p521: { publicKey: pem(KEYS.ES512) },
  ed: { publicKey: pem(ED25519) },
  jwks: {
    jwks: {
      keys: [jwk(RSA, { kid: "rsa", alg: "RS256" }), jwk(P256, { kid: "ec" }), jwk(ED25519, { kid: "ed" })],
    },
  },
} satisfies Readonly<Record<string, LoginTypeOptions>>;
type Victim = keyof typeof VICTIMS;

const HONEST: Readonly<Record<Victim, { algorithm: Algorithm; header?: Readonly<Record<string, unknown>> }>> = {
  secret: { algorithm: "HS256" },
  rsa: { algorithm: "RS256" },
  ec: { algorithm: "ES256" },
  p384: { algorithm: "ES384" },
  p521: { algorithm: "ES512" },
  ed: { algorithm: "EdDSA" },
  jwks: { algorithm: "RS256", header: { kid: "rsa" } },
};
const VICTIM_NAMES = Object.keys(VICTIMS) as Victim[];

const ATTACKER = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ATTACKER_EC = generateKeyPairSync("ec", { namedCurve: "P-256" });

interface Attack {
  readonly name: string;
  readonly victim: Victim;
  /** Why it is refused. */
  readonly reason: string;
  readonly token: unknown;
}

const attack = (name: string, victim: Victim, reason: string, made: unknown): Attack => ({
  name,
  victim,
  reason,
  token: made,
});

function claims(): object {
  return { sub: "alice", exp: inSeconds(300) };
}

/** An honest token, with another header. */
function withHeader(victim: Victim, header: object, key?: KeyObject): string {
  const { algorithm, header: own } = HONEST[victim];
  return token({}, { algorithm, header: { ...own, ...header }, ...(key && { key }) });
}

/** Parts as they are given, signed honestly: only what is odd about them is wrong. */
function signedParts(victim: Victim, header: string, payload: string): string {
  const input = `${header}.${payload}`;
  return `${input}.${signature(input, HONEST[victim].algorithm).toString("base64url")}`;
}

function rawHeader(victim: Victim, header: Part): string {
  return signedParts(victim, encode(header), encode(claims()));
}

function withSignature(victim: Victim, bytes: Uint8Array): string {
  const [header, payload] = withHeader(victim, {}).split(".");
  return `${String(header)}.${String(payload)}.${encode(bytes)}`;
}

function confusion(): readonly Attack[] {
  const spki = RSA.publicKey.export({ type: "spki", format: "der" });
  const text = pem(RSA);
  const publicTexts: readonly (readonly [string, Victim, string | Buffer])[] = [
    ["an RSA key's PEM", "rsa", text],
    ["an RSA key's PEM without its last line feed", "rsa", text.trimEnd()],
    ["an RSA key's PEM with Windows line ends", "rsa", text.replaceAll("\n", "\r\n")],
    ["an RSA key's DER", "rsa", spki],
    ["an RSA key's PKCS #1 PEM", "rsa", RSA.publicKey.export({ type: "pkcs1", format: "pem" })],
    ["an RSA key's JWK", "rsa", JSON.stringify(jwk(RSA))],
    ["an RSA key's modulus", "rsa", Buffer.from(String(jwk(RSA)["n"]), "base64url")],
    ["an EC key's PEM", "ec", pem(P256)],
    ["an Ed25519 key's PEM", "ed", pem(ED25519)],
    ["an Ed25519 key's bytes", "ed", Buffer.from(String(jwk(ED25519)["x"]), "base64url")],
    ["a set's RSA key's PEM", "jwks", text],
    ["a set's modulus as text", "jwks", String(jwk(RSA)["n"])],
  ];
  const kid = { kid: "rsa" };
  const inner = token({}, { algorithm: "RS256" });
  const [header, payload] = inner.split(".");
  return [
    ...publicTexts.flatMap(([name, victim, secret]) =>
      (["HS256", "HS384", "HS512"] as const).map((algorithm) => {
        const key = createSecretKey(Buffer.from(secret as string));
        return attack(`${algorithm} with ${name}`, victim, "algorithm", token({}, { algorithm, key, header: kid }));
      }),
    ),
    attack("RS256 against a secret", "secret", "algorithm", inner),
    attack("an HMAC under the name RS256", "rsa", "signature", withHeaderAlg("RS256", "HS256")),
    attack("an HMAC under the name RS256", "secret", "algorithm", withHeaderAlg("RS256", "HS256")),
    attack("RS256 under the name HS256", "secret", "signature", withHeaderAlg("HS256", "RS256")),
    attack("PS256 under the name RS256", "rsa", "signature", withHeaderAlg("RS256", "PS256")),
    attack("RS256 under the name PS256", "rsa", "signature", withHeaderAlg("PS256", "RS256")),
    attack("RS256 under the name RS512", "rsa", "signature", withHeaderAlg("RS512", "RS256")),
    attack("HS256 under the name HS384", "secret", "signature", withHeaderAlg("HS384", "HS256")),
    attack("ES256 against P-384", "p384", "algorithm", token({}, { algorithm: "ES256" })),
    attack("ES256 under the name ES384", "p384", "signature", withHeaderAlg("ES384", "ES256")),
    attack("EdDSA under the name ES256", "ec", "signature", withHeaderAlg("ES256", "EdDSA")),
    attack("ES256 under the name EdDSA", "ed", "signature", withHeaderAlg("EdDSA", "ES256")),
    attack("another algorithm than the set's key names", "jwks", "algorithm", withHeaderAlg("RS384", "RS384", kid)),
    attack("the algorithm of another key of the set", "jwks", "unknown_key", withHeaderAlg("ES256", "ES256", kid)),
    attack("the kid of another key of the set", "jwks", "signature", withHeaderAlg("ES256", "EdDSA", { kid: "ec" })),
    attack(
      "a signature of other claims",
      "rsa",
      "signature",
      `${String(header)}.${String(payload)}.${String(token({ sub: "bob" }, { algorithm: "RS256" }).split(".")[2])}`,
    ),
  ];
}

/** A token signed by one algorithm and named after another. */
function withHeaderAlg(alg: string, algorithm: Algorithm, header: object = {}): string {
  return token({}, { algorithm, header: { ...header, alg } });
}

const NOT_ALGORITHMS: readonly unknown[] = [
  ...["", " ", "hs256", "Hs256", " HS256", "HS256 ", "HS256\0", "HS\u200b256", "HS2560", "HS1", "HS", "SHA256", "RS1"],
  ...["ES256K", "ED25519", "Ed448", "A128KW", "dir", "RSA-OAEP", "PBES2-HS256+A128KW", "HMAC", "ＨＳ256"],
  ...["__proto__", "constructor", "toString", "hasOwnProperty", "length", "0", "*", ".*"],
  ...[undefined, null, 0, 256, true, [], ["HS256"], [["RS256"]], {}, { HS256: true }, { toString: "HS256" }],
];

function algorithmNames(): readonly Attack[] {
  return (["secret", "rsa", "ed", "jwks"] as const).flatMap((victim) =>
    NOT_ALGORITHMS.map((alg) =>
      attack(
        `alg ${alg === undefined ? "missing" : JSON.stringify(alg)}`,
        victim,
        "algorithm",
        withHeader(victim, { alg }),
      ),
    ),
  );
}

const NONES = [
  "none",
  "None",
  "NONE",
  "nOnE",
  "noNe",
  " none",
  "none ",
  "none\0",
  "n\u043ene",
  "non\u0435",
  "null",
  "NoNe",
];

function none(): readonly Attack[] {
  return VICTIM_NAMES.flatMap((victim) => [
    ...NONES.flatMap((alg) => {
      const honest = withHeader(victim, { alg });
      const unsigned = honest.slice(0, honest.lastIndexOf("."));
      return [
        attack(`alg ${JSON.stringify(alg)} without a signature`, victim, "algorithm", `${unsigned}.`),
        attack(`alg ${JSON.stringify(alg)} with an honest signature`, victim, "algorithm", honest),
        attack(`alg ${JSON.stringify(alg)} of two parts`, victim, "malformed", unsigned),
      ];
    }),
    attack("an honest alg without a signature", victim, "signature", withSignature(victim, Buffer.alloc(0))),
    attack("an honest alg with a signature of one byte", victim, "signature", withSignature(victim, Buffer.alloc(1))),
    attack("an honest alg with a signature of zeros", victim, "signature", withSignature(victim, Buffer.alloc(64))),
    attack("an honest alg with a long signature", victim, "signature", withSignature(victim, Buffer.alloc(4096, 1))),
  ]);
}

let attackersSet: JwksServer;

function embeddedKeys(): readonly Attack[] {
  const own = jwk(ATTACKER, { kid: "rsa", alg: "RS256", use: "sig" });
  const x5c = [certificate(ATTACKER).replaceAll(/-----.*-----|\n/g, "")];
  const headers: readonly (readonly [string, object])[] = [
    ["jwk", { jwk: own }],
    ["jku", { jku: attackersSet.url }],
    ["x5u", { x5u: attackersSet.url }],
    ["x5c", { x5c }],
    ["all of them", { jwk: own, jku: attackersSet.url, x5u: attackersSet.url, x5c, "x5t#S256": "AA" }],
    ["a key as kid", { kid: JSON.stringify(own) }],
    ["an address as kid", { kid: attackersSet.url }],
    ["a PEM as kid", { kid: pem(ATTACKER) }],
    ["keys beside", { keys: [own], secret: "", publicKey: pem(ATTACKER), key: own }],
  ];
  return [
    ...headers.flatMap(([name, header]) =>
      (["rsa", "jwks"] as const).map((victim) => {
        const reason = victim === "jwks" && name.endsWith("as kid") ? "unknown_key" : "signature";
        return attack(`${name} in the header`, victim, reason, withHeader(victim, header, ATTACKER.privateKey));
      }),
    ),
    attack(
      "jwk without kid",
      "jwks",
      "signature",
      withHeader("jwks", { kid: undefined, jwk: own }, ATTACKER.privateKey),
    ),
    attack(
      "a shared secret as jwk",
      "secret",
      "signature",
      withHeader("secret", { jwk: { kty: "oct", k: "" } }, createSecretKey(Buffer.alloc(0))),
    ),
    attack("an attacker's key", "ec", "signature", withHeader("ec", {}, ATTACKER_EC.privateKey)),
  ];
}

const FOREIGN_KIDS = [
  ...["", " ", "RSA", "rsa ", " rsa", "rsa\0", "rsa\n", "rs", "rsa,ec", "rsa|ec", "*", ".*", "0", "null", "undefined"],
  ...["/dev/null", "../../../../../../dev/null", "file:///dev/null", "C:\\nul", "rsa/../rsa", "%72sa"],
  ...["' OR 1=1 --", "x' UNION SELECT 'secret", '"; DROP TABLE keys; --', "$(id)", "`id`", "| id", "{{7*7}}"],
  ...["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "keys", "size", "get"],
  ...["\u202easr", "\ud800", "ｒsa", "é".repeat(100), "k".repeat(3_000)],
];
const NO_KIDS: readonly unknown[] = [null, 0, 1, true, false, [], ["rsa"], [["rsa"]], {}, { rsa: 1 }, { toString: 1 }];

function kidGames(): readonly Attack[] {
  const empty = createSecretKey(Buffer.alloc(0));
  return [
    ...FOREIGN_KIDS.flatMap((kid) => [
      attack(`kid ${brief(kid)}, signed honestly`, "jwks", "unknown_key", withHeader("jwks", { kid })),
      attack(`kid ${brief(kid)}`, "secret", "signature", withHeader("secret", { kid }, empty)),
      attack(`kid ${brief(kid)}`, "rsa", "signature", withHeader("rsa", { kid }, ATTACKER.privateKey)),
    ]),
    ...NO_KIDS.flatMap((kid) => [
      attack(`kid ${JSON.stringify(kid)}, signed honestly`, "jwks", "malformed", withHeader("jwks", { kid })),
      attack(`kid ${JSON.stringify(kid)}`, "secret", "signature", withHeader("secret", { kid }, empty)),
      attack(`kid ${JSON.stringify(kid)}`, "rsa", "signature", withHeader("rsa", { kid }, ATTACKER.privateKey)),
    ]),
  ];
}

function brief(text: string): string {
  const json = JSON.stringify(text);
  return json.length > 40 ? `${json.slice(0, 40)}...` : json;
}

function critical(): readonly Attack[] {
  const values: readonly unknown[] = [["exp"], ["b64"], ["alg"], [], [""], "exp", "", {}, null, 0, false];
  return [
    ...values.flatMap((crit) =>
      (["secret", "ed"] as const).map((victim) =>
        attack(`crit ${JSON.stringify(crit)}`, victim, "critical", withHeader(victim, { crit })),
      ),
    ),
    attack(
      "an unencoded payload (RFC 7797)",
      "secret",
      "critical",
      withHeader("secret", { b64: false, crit: ["b64"], exp: 0 }),
    ),
  ];
}

const bytes = (...parts: readonly (string | number)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : Buffer.from([part]))));

const BOM = "\ufeff";

function headers(): readonly Attack[] {
  const good = `"alg":"HS256","typ":"JWT"`;
  const broken: readonly (readonly [string, Part])[] = [
    ["nothing", ""],
    ["white space", " "],
    ["a list", [{ alg: "HS256" }]],
    ["null", "null"],
    ["a number", "1"],
    ["a string", '"HS256"'],
    ["a string of JSON", JSON.stringify(`{${good}}`)],
    ["half an object", `{${good}`],
    ["an object and more", `{${good}}{}`],
    ["a comma too many", `{${good},}`],
    ["single quotes", `{'alg':'HS256'}`],
    ["a comment", `{${good}/**/}`],
    ["a byte order mark", `${BOM}{${good}}`],
    ["UTF-16", Buffer.from(`{${good}}`, "utf16le")],
    ["a NUL in front", bytes(0, `{${good}}`)],
    ["a NUL behind", bytes(`{${good}}`, 0)],
    ["a byte that is never UTF-8", bytes(`{${good},"a":"`, 0xff, '"}')],
    ["an overlong encoding", bytes(`{${good},"a":"`, 0xc0, 0xaf, '"}')],
    ["an encoded surrogate", bytes(`{${good},"a":"`, 0xed, 0xa0, 0x80, '"}')],
    ["a cut character", bytes(`{${good},"a":"`, 0xc3, '"}')],
    ["a line feed in a string", `{${good},"a":"\n"}`],
  ];
  return [
    ...broken.map(([name, header]) =>
      attack(`a header of ${name}`, "secret", "malformed", rawHeader("secret", header)),
    ),
    attack("alg under __proto__", "secret", "algorithm", rawHeader("secret", `{"__proto__":{"alg":"HS256"}}`)),
    attack("alg twice, the last one none", "secret", "algorithm", rawHeader("secret", `{${good},"alg":"none"}`)),
    attack(
      "alg with an escaped name, none",
      "secret",
      "algorithm",
      rawHeader("secret", `{${good},"\\u0061lg":"none"}`),
    ),
  ];
}

function payloads(): readonly Attack[] {
  const good = `"sub":"alice","exp":${String(inSeconds(300))}`;
  const broken: readonly (readonly [string, Part])[] = [
    ["nothing", ""],
    ["white space", " \t\r\n"],
    ["null", "null"],
    ["true", "true"],
    ["a number", "1"],
    ["a string", '"alice"'],
    ["an empty string", '""'],
    ["a string of JSON", JSON.stringify(`{${good}}`)],
    ["a list", `[{${good}}]`],
    ["an empty list", "[]"],
    ["text", "alice"],
    ["half an object", `{${good}`],
    ["an opening brace", "{"],
    ["an object and more", `{${good}}{}`],
    ["a comma too many", `{${good},}`],
    ["single quotes", `{'sub':'alice'}`],
    ["NaN", `{${good},"nbf":NaN}`],
    ["Infinity", `{${good},"nbf":-Infinity}`],
    ["a hexadecimal number", `{${good},"nbf":0x10}`],
    ["a number with a leading zero", `{${good},"nbf":01}`],
    ["a byte order mark", `${BOM}{${good}}`],
    ["a byte order mark behind", `{${good}}${BOM}`],
    ["UTF-16", Buffer.from(`{${good}}`, "utf16le")],
    ["a vertical tab in front", `\v{${good}}`],
    ["a no-break space in front", `\u00a0{${good}}`],
    ["a NUL in front", bytes(0, `{${good}}`)],
    ["a NUL behind", bytes(`{${good}}`, 0)],
    ["a byte that is never UTF-8", bytes(`{${good},"a":"`, 0xff, '"}')],
    ["an overlong encoding", bytes(`{${good},"a":"`, 0xc0, 0xaf, '"}')],
    ["an encoded surrogate", bytes(`{${good},"a":"`, 0xed, 0xa0, 0x80, '"}')],
    ["a cut character", bytes(`{${good},"a":"`, 0xe2, 0x82, '"}')],
    ["a code point beyond Unicode", bytes(`{${good},"a":"`, 0xf4, 0x90, 0x80, 0x80, '"}')],
    ["a line feed in a string", `{${good},"a":"\n"}`],
    ["deep nesting that is never closed", `{${good},"a":${"[".repeat(4_000)}`],
    ["deep nesting of objects that is never closed", '{"a":'.repeat(1_000)],
  ];
  const types: readonly (readonly [string, Victim, object])[] = [
    ["HS256", "secret", {}],
    ["HS256 without typ", "secret", { typ: undefined }],
    ["HS256 of another typ", "secret", { typ: "at+jwt" }],
    ["EdDSA", "ed", {}],
  ];
  return [
    ...types.flatMap(([type, victim, header]) =>
      broken.map(([name, payload]) =>
        attack(
          `a payload of ${name}, signed honestly: ${type}`,
          victim,
          "malformed",
          signed(payload, { algorithm: HONEST[victim].algorithm, header: header as Record<string, unknown> }),
        ),
      ),
    ),
    attack("claims under __proto__", "secret", "expiry_missing", signed(`{"__proto__":{${good}}}`)),
    attack("a subject under __proto__", "secret", "subject", signed(`{"exp":2e9,"__proto__":{"sub":"alice"}}`)),
    attack(
      "a subject under constructor",
      "ed",
      "subject",
      signed(`{"exp":2e9,"constructor":{"prototype":{"sub":"alice"}}}`, { algorithm: "EdDSA" }),
    ),
    attack("a claim with a NUL in its name", "secret", "subject", signed(`{"exp":2e9,"sub\\u0000":"alice"}`)),
  ];
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** The other spellings of a part's last character: the same bytes, but for bits that no byte uses. */
function otherEndings(part: string): readonly string[] {
  const last = ALPHABET.indexOf(part.slice(-1));
  const unused = part.length % 4 === 2 ? 16 : part.length % 4 === 3 ? 4 : 1;
  const first = last - (last % unused);
  return Array.from({ length: unused }, (_, index) => first + index)
    .filter((index) => index !== last)
    .map((index) => part.slice(0, -1) + String(ALPHABET[index]));
}

/** Finds an honest token of which each part leaves bits unused. */
function looseToken(victim: Victim): readonly [string, string, string] {
  const { algorithm, header } = HONEST[victim];
  for (let pad = 0; ; pad += 1) {
    const padding = "p".repeat(pad);
    const made = token({ padding }, { algorithm, header: { ...header, padding: "p".repeat(pad >> 2) } });
    const parts = made.split(".") as [string, string, string];
    if (parts.slice(0, 2).every((part) => part.length % 4 > 1)) return parts;
  }
}

function encodings(): readonly Attack[] {
  const each = ["header", "payload", "signature"] as const;
  return (["secret", "rsa", "ec", "ed"] as const).flatMap((victim) => {
    const parts = looseToken(victim);
    /** The token with one part spelt otherwise, and signed as it is spelt. */
    const spelt = (index: number, spelling: string): string => {
      const changed = parts.map((part, position) => (position === index ? spelling : part));
      return index === 2 ? changed.join(".") : signedParts(victim, String(changed[0]), String(changed[1]));
    };
    return each.flatMap((name, index) => {
      const part = String(parts[index]);
      const middle = part.length >> 1;
      const spellings: readonly (readonly [string, string])[] = [
        ...otherEndings(part).map((ending) => [`unused bits (${ending.slice(-1)})`, ending] as const),
        ["padding", `${part}=`],
        ["two characters of padding", `${part}==`],
        ["the right padding", part + "=".repeat((4 - (part.length % 4)) % 4 || 4)],
        ["padding in the middle", `${part.slice(0, middle)}=${part.slice(middle)}`],
        ["a plus sign of standard base64", `${part.slice(0, -4)}+A${part.slice(-4)}`],
        ["a slash of standard base64", `${part.slice(0, -4)}/A${part.slice(-4)}`],
        ["a space in front", ` ${part}`],
        ["a space behind", `${part} `],
        ["a space in the middle", `${part.slice(0, middle)} ${part.slice(middle)}`],
        ["a line feed in front", `\n${part}`],
        ["a line feed behind", `${part}\n`],
        ["a line end in the middle", `${part.slice(0, middle)}\r\n${part.slice(middle)}`],
        ["a tab behind", `${part}\t`],
        ["a NUL behind", `${part}\0`],
        ["a zero-width space", `${part}\u200b`],
        ["a percent-encoded character", `${part.slice(0, -1)}%41`],
        ["a full-width letter", `${part.slice(0, -1)}\uff21`],
        ["a lone surrogate", `${part}\ud800`],
        ["a single character left over", `${part.slice(0, part.length - (part.length % 4))}A`],
        ["hexadecimal", Buffer.from(part, "base64url").toString("hex")],
      ];
      return spellings.map(([how, spelling]) => {
        // Hexadecimal is base64url's alphabet too: other bytes, and so no signature or header that would do.
        const reason = how === "hexadecimal" && index === 2 ? "signature" : "malformed";
        return attack(`${name}: ${how}`, victim, reason, spelt(index, spelling));
      });
    });
  });
}

function shapes(): readonly Attack[] {
  const honest = token();
  const [header, payload, proof] = honest.split(".") as [string, string, string];
  const texts: readonly (readonly [string, string])[] = [
    ["one dot", "."],
    ["two dots", ".."],
    ["many dots", ".".repeat(8_192)],
    ["no header", `.${payload}.${proof}`],
    ["no payload", `${header}..${proof}`],
    ["a fourth part", `${honest}.`],
    ["a fourth part that is full", `${honest}.${proof}`],
    ["five parts, as an encrypted token has", `${header}.${payload}.${proof}.${payload}.${proof}`],
    ["an empty part in front", `.${honest}`],
    ["a part alone", header],
    ["other dots", honest.replaceAll(".", "\u2024")],
    ["an authentication scheme in front", `Bearer ${honest}`],
    ["quotes", JSON.stringify(honest)],
    ["JSON serialization", JSON.stringify({ protected: header, payload, signature: proof })],
    ["JSON serialization, general", JSON.stringify({ payload, signatures: [{ protected: header, signature: proof }] })],
    ["a token in base64url", encode(honest)],
    ["a token twice", honest + honest],
    ["no token", "alice"],
    ["an empty string", ""],
    ["a kilobyte of Unicode", "\u{1f600}".repeat(256)],
  ];
  const values: readonly (readonly [string, unknown])[] = [
    ["missing", undefined],
    ["null", null],
    ["a number", 1],
    ["true", true],
    ["a list that holds it", [honest]],
    ["an object that holds it", { token: honest }],
    ["an object that would turn into it", { toString: honest, length: 9 }],
    ["its parts", [header, payload, proof]],
  ];
  return [
    ...texts.map(([name, text]) => attack(name, "secret", "malformed", text)),
    ...values.map(([name, value]) => attack(`a token that is ${name}`, "secret", "missing", value)),
    attack("its parts turned round", "secret", "algorithm", `${payload}.${header}.${proof}`),
    attack("a character too many", "secret", "too_long", "A".repeat(8_193)),
    attack("sixty thousand brackets", "secret", "too_long", `${encode("[".repeat(45_000))}.e30.AA`),
    attack("an honest token that is too long", "secret", "too_long", token({ padding: "p".repeat(8_192) })),
  ];
}

/** The orders of the curves' groups (SEC 2, sections 2.4.2, 2.5.1 and 2.6.1). */
const ORDERS = {
  ec: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  p384: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  p521: (1n << 521n) - 0x5ae79787c40d069948033feb708f65a2fc44a36477663b851449048e16ec79bf7n,
} as const;

function curves(): readonly Attack[] {
  return (["ec", "p384", "p521"] as const).flatMap((victim) => {
    const n = ORDERS[victim];
    const { algorithm } = HONEST[victim];
    const size = { ec: 32, p384: 48, p521: 66 }[victim];
    const number = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(2 * size, "0"), "hex");
    const edges: readonly (readonly [string, bigint])[] = [
      ["0", 0n],
      ["1", 1n],
      ["n - 1", n - 1n],
      ["n", n],
      ["n + 1", n + 1n],
      ["the greatest number", (1n << BigInt(8 * size)) - 1n],
    ];
    const honest = withHeader(victim, {});
    const input = honest.slice(0, honest.lastIndexOf("."));
    const good = signature(input, algorithm);
    const [r, s] = [good.subarray(0, size), good.subarray(size)];
    const der = sign(`sha${algorithm.slice(2)}`, Buffer.from(input), KEYS[algorithm].privateKey);
    const shapes: readonly (readonly [string, Buffer])[] = [
      ["in DER", der],
      ["turned round", Buffer.concat([s, r])],
      ["r alone", r],
      ["r twice", Buffer.concat([r, r])],
      ["with r of 0", Buffer.concat([Buffer.alloc(size), s])],
      ["with s of 0", Buffer.concat([r, Buffer.alloc(size)])],
      ["a byte too long", Buffer.concat([good, Buffer.alloc(1)])],
      ["a byte too long in front", Buffer.concat([Buffer.alloc(1), good])],
      ["a byte too short", good.subarray(0, -1)],
      ["with longer numbers", Buffer.concat([Buffer.alloc(1), r, Buffer.alloc(1), s])],
      ["twice", Buffer.concat([good, good])],
      ["with a bit turned", flipped(good, size)],
    ];
    return [
      ...edges.flatMap(([first, r]) =>
        edges.map(([second, s]) =>
          attack(
            `r = ${first}, s = ${second}`,
            victim,
            "signature",
            `${input}.${encode(Buffer.concat([number(r), number(s)]))}`,
          ),
        ),
      ),
      ...shapes.map(([name, proof]) => attack(`a signature ${name}`, victim, "signature", `${input}.${encode(proof)}`)),
    ];
  });
}

function flipped(bytes: Buffer, index: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(index) ^ 1, index);
  return copy;
}

function otherSignatures(): readonly Attack[] {
  const honest = withHeader("ed", {});
  const input = honest.slice(0, honest.lastIndexOf("."));
  const good = signature(input, "EdDSA");
  // RFC 8032 section 5.1.7: S must be less than the group's order, or each signature would have others beside it.
  const order = (1n << 252n) + 27742317777372353535851937790883648493n;
  const s = BigInt(`0x${Buffer.from(good.subarray(32)).reverse().toString("hex")}`) + order;
  const higher = Buffer.from(s.toString(16).padStart(64, "0"), "hex").reverse();
  const identity = Buffer.concat([Buffer.from([1]), Buffer.alloc(63)]);
  const rsa = withHeader("rsa", {});
  const rsaInput = rsa.slice(0, rsa.lastIndexOf("."));
  const rsaGood = signature(rsaInput, "RS256");
  const modulus = Buffer.from(String(jwk(RSA)["n"]), "base64url");
  const proofs: readonly (readonly [string, Victim, string, Buffer])[] = [
    ["with S beyond the order", "ed", input, Buffer.concat([good.subarray(0, 32), higher])],
    ["of the neutral element", "ed", input, identity],
    ["a byte too short", "ed", input, good.subarray(0, -1)],
    ["a byte too long", "ed", input, Buffer.concat([good, Buffer.alloc(1)])],
    ["with a bit turned", "ed", input, flipped(good, 63)],
    ["of 1", "rsa", rsaInput, Buffer.concat([Buffer.alloc(255), Buffer.from([1])])],
    ["of the modulus", "rsa", rsaInput, modulus],
    ["of the modulus less 1", "rsa", rsaInput, flipped(modulus, modulus.length - 1)],
    ["a byte too short", "rsa", rsaInput, rsaGood.subarray(0, -1)],
    ["a byte too long", "rsa", rsaInput, Buffer.concat([rsaGood, Buffer.alloc(1)])],
    ["a zero too long in front", "rsa", rsaInput, Buffer.concat([Buffer.alloc(1), rsaGood])],
    ["with a bit turned", "rsa", rsaInput, flipped(rsaGood, 100)],
  ];
  return proofs.map(([name, victim, signingInput, proof]) =>
    attack(`a signature ${name}`, victim, "signature", `${signingInput}.${encode(proof)}`),
  );
}

const SUITE: readonly (readonly [string, () => readonly Attack[]])[] = [
  ["algorithm confusion", confusion],
  ["names of algorithms", algorithmNames],
  ["unsigned tokens", none],
  ["keys that the token brings along", embeddedKeys],
  ["key IDs", kidGames],
  ["critical headers", critical],
  ["headers", headers],
  ["payloads", payloads],
  ["encodings", encodings],
  ["shapes", shapes],
  ["ECDSA's edges", curves],
  ["other signatures", otherSignatures],
];

beforeAll(async () => {
  attackersSet = await serveJwks();
  attackersSet.answer(keySet([jwk(ATTACKER, { kid: "rsa", alg: "RS256" })]));
});

afterAll(async () => {
  await attackersSet.close();
});

describe.each(EXPRESS_VERSIONS)("a host on %s", (_, express) => {
  let server: RunningServer;
  const issueToken = jest.fn(() => ({ accessToken: "an access token" }));
  const rejected: RejectEvent[] = [];

  beforeAll(async () => {
    const options = optionsWith({}, { issueToken, onReject: (event) => rejected.push(event) });
    server = await host({ ...options, loginTypes: VICTIMS }, express);
  });

  afterAll(async () => {
    await server.close();
  });

  afterEach(() => {
    issueToken.mockClear();
    rejected.length = 0;
  });

  test.each(VICTIM_NAMES)("lets an honest token in by %s", async (victim) => {
    const { status } = await login(server.url, { type: victim, token: withHeader(victim, {}) });
    expect(status).toBe(200);
    expect(issueToken).toHaveBeenCalledTimes(1);
  });

  test.each(SUITE)("withstands %s", async (_, attacks) => {
    const outcomes: unknown[] = [];
    const expected: unknown[] = [];
    for (const { name, victim, reason, token: forged } of attacks()) {
      const { status, body } = await login(server.url, { type: victim, token: forged });
      const event = rejected.pop();
      const { errcode, error } = body as { errcode?: string; error?: string };
      outcomes.push([victim, name, status, errcode, error?.split(":")[0], event?.reason, event?.userId]);
      expected.push([victim, name, 403, "M_FORBIDDEN", "JWT validation failed", reason, undefined]);
      // A client learns nothing that it did not send, and a log of answers holds no token.
      for (const part of typeof forged === "string" ? forged.split(".") : []) {
        if (part.length > 8) expect(JSON.stringify(body)).not.toContain(part);
      }
      expect(JSON.stringify(body)).not.toContain(SECRET);
    }
    expect(outcomes).toEqual(expected);
    expect(issueToken).not.toHaveBeenCalled();
    expect(attackersSet.requests).toEqual([]);
  });
});

describe("odd but right", () => {
  const nested = (depth: number): string =>
    `{"sub":"alice","exp":${String(inSeconds(300))},"a":${"[".repeat(depth)}${"]".repeat(depth)}}`;
  const wide = (count: number): Readonly<Record<string, number>> =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [String(index), 0]));

  test.each<[string, string, object?]>([
    ["deep nesting", signed(nested(2_900))],
    ["deeper nesting, where so long a token is allowed", signed(nested(20_000)), { maxTokenLength: 60_000 }],
    ["a thousand claims", token(wide(700))],
    ["white space around the claims", signed(` \t\r\n{"sub":"alice","exp":${String(inSeconds(300))}} \n`)],
    ["a header that nests", token({}, { header: { nested: JSON.parse(`${"[".repeat(900)}${"]".repeat(900)}`) } })],
    ["any text as kid, where kid is not looked at", token({}, { header: { kid: "../../dev/null" } })],
    ["names of a prototype as claims", signed(`{"sub":"alice","exp":2e9,"__proto__":1,"constructor":1,"toString":1}`)],
    ["claims beyond ASCII", token({ name: "Алиса \u{1f600}" })],
    ["a header beyond ASCII", token({}, { header: { name: "Алиса \u{1f600}" } })],
    ["keys that the token brings along and that nobody asked", token({}, { header: { jku: "https://evil", jwk: {} } })],
  ])("%s is taken", async (_, made, options = {}) => {
    expect(await verdict({ secret: SECRET, ...options }, made)).toBe("accepted");
  });

  test("claims are given as they were sent, and change no prototype", async () => {
    const made = signed(`{"sub":"alice","exp":2e9,"__proto__":{"admin":true},"name":"\u{1f600}"}`, {
      algorithm: "EdDSA",
    });
    const claims = await verifierOf({ publicKey: ED25519.publicKey }).verify(made);
    expect(Object.keys(claims)).toEqual(["sub", "exp", "__proto__", "name"]);
    expect(claims["admin"]).toBeUndefined();
    expect(claims["name"]).toBe("\u{1f600}");
    expect(Object.hasOwn(Object.prototype, "admin")).toBe(false);
  });
});

describe("`maxTokenLength`", () => {
  const made = token({}, { header: { padding: "p".repeat(100) } });

  test("counts characters, and the limit itself is allowed", async () => {
    expect(await verdict({ secret: SECRET, maxTokenLength: made.length }, made)).toBe("accepted");
    expect(await verdict({ secret: SECRET, maxTokenLength: made.length - 1 }, made)).toBe("too_long");
  });

  test("is 8192 unless set", async () => {
    expect(await verdict({ secret: SECRET }, "A".repeat(8_192))).toBe("malformed");
    expect(await verdict({ secret: SECRET }, "A".repeat(8_193))).toBe("too_long");
  });

  test("is looked at before anything is decoded, and its error names it", async () => {
    const verifier = verifierOf({ secret: SECRET });
    const forged = `${encode({ alg: "HS256" })}.${encode("[".repeat(100_000))}.AA`;
    const parse = jest.spyOn(JSON, "parse");
    const from = jest.spyOn(Buffer, "from");
    await expect(verifier.verify(forged)).rejects.toThrow("maxTokenLength");
    expect(parse).not.toHaveBeenCalled();
    expect(from).not.toHaveBeenCalled();
    parse.mockRestore();
    from.mockRestore();
  });
});
