// What a hostile server or client may send, as large as it may be.
import { generateKeyPairSync } from "node:crypto";

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

/** Bodies of login requests as long as they may be. @type {Record<string, string>} */
export const BODIES = {
  "lists within lists": nested(65_536),
  "a submission of many members": list((index) => `"${index.toString(36)}":0`, '{"type":"jwt",', "}", 65_536),
  "a submission of empty objects": list(() => "{}", '{"type":"jwt","a":[', "]}", 65_536),
  "a token of 64 KiB": JSON.stringify({ type: "jwt", token: ".".repeat(65_500) }),
  "open brackets": "[".repeat(65_536),
  "no JSON": "a".repeat(65_536),
};
