import { constants, createCipheriv, createPublicKey, publicEncrypt, randomBytes } from "node:crypto";

/** Encrypts by RSA-OAEP-256 and A256GCM under whatever header: all but the header is right (RFC 7516 section 5.1). */
export function encrypter(publicPem) {
  const key = createPublicKey(publicPem);
  return (header, content) => {
    const protectedHeader = Buffer.from(JSON.stringify(header)).toString("base64url");
    const contentKey = randomBytes(32);
    const iv = randomBytes(12);
    const encryptedKey = publicEncrypt(
      { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" },
      contentKey,
    );
    const cipher = createCipheriv("aes-256-gcm", contentKey, iv).setAAD(Buffer.from(protectedHeader));
    const ciphertext = Buffer.concat([cipher.update(content), cipher.final()]);
    const rest = [encryptedKey, iv, ciphertext, cipher.getAuthTag()].map((part) => part.toString("base64url"));
    return [protectedHeader, ...rest].join(".");
  };
}
