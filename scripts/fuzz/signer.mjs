import { constants, createHmac, createPrivateKey, sign } from "node:crypto";

/** Signs as the header says, if it says anything that can be done: the server's own keys in hostile hands. */
export function signer({ secret, rsa, ec, ed }) {
  const keys = { rsa: createPrivateKey(rsa), ec: createPrivateKey(ec), ed: createPrivateKey(ed) };
  const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  const byFamily = {
    HS: (hash, data) => createHmac(hash, secret).update(data).digest(),
    RS: (hash, data) => sign(hash, data, keys.rsa),
    PS: (hash, data) => sign(hash, data, { key: keys.rsa, ...padding }),
    ES: (hash, data) => sign(hash, data, { key: keys.ec, dsaEncoding: "ieee-p1363" }),
    Ed: (_, data) => sign(null, data, keys.ed),
  };
  return (header, claims) => {
    const input = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
    const [, family, bits = "256"] = /^"(HS|RS|PS|ES|Ed)(256|384|512)?/.exec(JSON.stringify(header.alg)) ?? [];
    const signature = byFamily[family]?.(`sha${bits}`, Buffer.from(input)) ?? Buffer.alloc(0);
    return `${input}.${signature.toString("base64url")}`;
  };
}
