// What a hostile server or client may send, as large as it may be.
import { generateKeyPairSync, randomBytes } from "node:crypto";

const MEBIBYTE = 1_048_576;

const [rsa, p256, p521, secp256k1, ed25519] = [
  generateKeyPairSync("rsa", { modulusLength: 2048 }),
  generateKeyPairSync("ec", { namedCurve: "P-256" }),
  generateKeyPairSync("ec", { namedCurve: "P-521" }),
  generateKeyPairSync("ec", { namedCurve: "secp256k1" }),
  generateKeyPairSync("ed25519"),
].map(({ publicKey }) => publicKey.export({ format: "jwk" }));

/**
 * JSON of as many items as fit.
 * @param {(index: number) => string} item
 */
function list(item, before = '{"keys":[', after = "]}", size = MEBIBYTE) {
  const items = [];
  let length = before.length + after.length;
  for (let index = 0; ; index += 1) {
    const next = item(index);
    length += next.length + 1;
    if (length > size) return before + items.join(",") + after;
    items.push(next);
  }
}

/** @param {object} jwk */
const keys = (jwk, { named = false } = {}) =>
  list((index) => JSON.stringify(named ? { ...jwk, kid: String(index) } : jwk));
/** @param {number} size */
const nested = (size) => "[".repeat(size / 2) + "]".repeat(size / 2);
const offCurve = { ...p521, x: p521?.y };

/** Answers of a JWKS endpoint: 1 MiB each. @type {Record<string, string>} */
export const SETS = {
  "secp256k1 keys": keys(secp256k1 ?? {}),
  "secp256k1 keys under the name of P-256": keys({ ...secp256k1, crv: "P-256" }),
  '{"kty":"RSA"}': keys({ kty: "RSA" }),
  "RSA keys of 2048 bits, one kid": keys({ ...rsa, kid: "one" }),
  "RSA keys with an even modulus": keys({ kty: "RSA", e: "AA", n: "A".repeat(342) }),
  "one RSA key of a mebibyte": JSON.stringify({ keys: [{ kty: "RSA", e: "AQAB", n: "A".repeat(MEBIBYTE - 60) }] }),
  "P-521 keys off the curve": keys(offCurve),
  "P-521 keys off the curve, one kid": keys({ ...offCurve, kid: "one" }),
  "P-521 keys off the curve, many kids": keys(offCurve, { named: true }),
  "P-256 keys off the curve": keys({ ...p256, x: p256?.y }),
  "good P-256 keys, many kids": keys(p256 ?? {}, { named: true }),
  "good Ed25519 keys, many kids": keys(ed25519 ?? {}, { named: true }),
  "kids and nothing else": list((index) => `{"kid":"${index}"}`),
  "empty objects": list(() => "{}"),
  numbers: list(() => "1"),
  "many members": list((index) => `"${index.toString(36)}":0`, '{"keys":[{', "}]}"),
  "many shapes": list((index) => `{"${index.toString(36)}":0}`),
  // As many values as are taken at most.
  "empty objects, spaced": list(() => "{}".padEnd(34)),
  "many members, spaced": list((index) => `"${index.toString(36)}":0`.padEnd(17), '{"keys":[{', "}]}"),
  "many shapes, spaced": list((index) => `{"${index.toString(36)}":0}`.padEnd(34)),
  "keys without a word, spaced": list((index) => `{"kty":"EC","kid":"${index}"}`.padEnd(51)),
  "lists within lists": nested(MEBIBYTE),
  "objects within objects": '{"a":'.repeat(170_000) + "1" + "}".repeat(170_000),
  "open brackets": "[".repeat(MEBIBYTE),
  "one long text": JSON.stringify({ keys: ["a".repeat(MEBIBYTE - 20)] }),
  escapes: `{"keys":["${"\\u0061".repeat(174_000)}"]}`,
};

/** @param {unknown} part */
const base64url = (part) => Buffer.from(typeof part === "string" ? part : JSON.stringify(part)).toString("base64url");
/** @param {unknown} header @param {unknown} payload */
const token = (header, payload = {}) => `${base64url(header)}.${base64url(payload)}.${base64url("signature")}`;

/** Tokens as long as they may be. @type {Record<string, string>} */
export const TOKENS = {
  dots: ".".repeat(8_192),
  "no dots": "A".repeat(8_192),
  "a nested header": `${base64url(nested(6_000))}.e30.AA`,
  "nested claims": token({ alg: "HS256" }, nested(6_000)),
  "a long kid": token({ alg: "RS256", kid: "k".repeat(5_000) }),
  "many members": token(
    { alg: "HS256" },
    list((index) => `"${index}":0`, "{", "}", 5_900),
  ),
};

/** @param {object} header @param {readonly (number | Buffer)[]} rest - lengths of random bytes, or bytes */
const jwe = (header, rest = [256, 12, 200, 16]) =>
  [
    base64url(header),
    ...rest.map((part) => (typeof part === "number" ? randomBytes(part) : part).toString("base64url")),
  ].join(".");
const A256GCM = { enc: "A256GCM", cty: "JWT" };
const ecdh = { alg: "ECDH-ES+A256KW", ...A256GCM };
const pbes2 = { alg: "PBES2-HS512+A256KW", ...A256GCM, p2s: "AAAAAAAAAAA" };

/** Encrypted tokens, to a server that has an RSA key and an EC key. @type {Record<string, string>} */
export const ENCRYPTED = {
  "PBES2 with p2c of 2147483647": jwe({ ...pbes2, p2c: 2_147_483_647 }, [40, 12, 200, 16]),
  "PBES2 with p2c of 1e308": jwe({ ...pbes2, p2c: 1e308 }, [40, 12, 200, 16]),
  "zip: DEF": jwe({ alg: "RSA-OAEP-256", ...A256GCM, zip: "DEF" }, [256, 12, 8_000, 16]),
  RSA1_5: jwe({ alg: "RSA1_5", ...A256GCM }),
  "RSA-OAEP and nonsense": jwe({ alg: "RSA-OAEP-256", ...A256GCM }),
  "RSA-OAEP and a huge key": jwe({ alg: "RSA-OAEP-256", ...A256GCM }, [11_000, 12, 200, 16]),
  "ECDH-ES with a point off the curve": jwe({ ...ecdh, epk: { ...p256, y: p256?.x } }, [40, 12, 200, 16]),
  "ECDH-ES with a point of P-521": jwe({ ...ecdh, epk: p521 }, [40, 12, 200, 16]),
  "ECDH-ES with a point at nothing": jwe(
    { ...ecdh, epk: { kty: "EC", crv: "P-256", x: "", y: "" } },
    [40, 12, 200, 16],
  ),
  "ECDH-ES with a huge point": jwe({ ...ecdh, epk: { ...p256, x: "A".repeat(5_000) } }, [40, 12, 200, 16]),
  "ECDH-ES with huge parties": jwe(
    { ...ecdh, epk: p256, apu: "A".repeat(5_000), apv: "A".repeat(5_000) },
    [40, 12, 9, 16],
  ),
  "a huge content": jwe({ alg: "RSA-OAEP-256", ...A256GCM }, [256, 12, 11_500, 16]),
  "a huge initialization vector": jwe({ alg: "RSA-OAEP-256", ...A256GCM }, [256, 11_500, 16, 16]),
  "a huge tag": jwe({ alg: "RSA-OAEP-256", ...A256GCM }, [256, 12, 16, 11_500]),
  "a nested header": `${base64url(nested(12_000))}....`,
  "many members in its header": `${base64url(list((index) => `"${index}":0`, "{", "}", 11_900))}....`,
  dots: ".".repeat(16_384),
  "nothing but four dots": "....",
};

/** Answers of an introspection endpoint: as long as they may be. @type {Record<string, string>} */
export const ANSWERS = {
  "lists within lists": nested(65_536),
  "many members": list((index) => `"${index.toString(36)}":0`, '{"active":true,', "}", 65_536),
  "a scope of many words": JSON.stringify({ active: true, sub: "alice", scope: "a ".repeat(32_700) }),
  "a scp of many words": list(() => '"a"', '{"active":true,"sub":"alice","scp":[', "]}", 65_536),
  "an aud of many names": list(
    (index) => `"${index.toString(36)}"`,
    '{"active":true,"sub":"alice","aud":[',
    "]}",
    65_536,
  ),
  "open brackets": "[".repeat(65_536),
  "a sub of 64 KiB": JSON.stringify({ active: true, sub: "a".repeat(65_400) }),
  escapes: `{"active":true,"sub":"${"\\u0061".repeat(10_900)}"}`,
  "more than may be": JSON.stringify({ active: true, sub: "a".repeat(MEBIBYTE) }),
};

/** Configured patterns of Token Authenticator, and a claim as long as they look at. @type {Record<string, [pattern: string, text: string]>} */
export const PATTERNS = {
  "(a+)+$": ["(a+)+$", `${"a".repeat(1_023)}!`],
  "(?:a?){300}a{300}": ["(?:a?){300}a{300}", "a".repeat(1_024)],
  "(?:\\s|\\w){240}x": ["(?:\\s|\\w){240}x", "a ".repeat(512)],
  "(?=(?:a|b)*x|a) 60 times, a*b": [`${"(?=(?:a|b)*x|a)".repeat(60)}a*b`, "a".repeat(1_024)],
};

/** Bodies of login requests as long as they may be. @type {Record<string, string>} */
export const BODIES = {
  "lists within lists": nested(65_536),
  "a submission of many members": list((index) => `"${index.toString(36)}":0`, '{"type":"jwt",', "}", 65_536),
  "a submission of empty objects": list(() => "{}", '{"type":"jwt","a":[', "]}", 65_536),
  "a token of 64 KiB": JSON.stringify({ type: "jwt", token: ".".repeat(65_500) }),
  "open brackets": "[".repeat(65_536),
  "no JSON": "a".repeat(65_536),
};
