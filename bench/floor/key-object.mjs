import { createPublicKey, createSecretKey } from "node:crypto";

/** The key that verifies an algorithm, ready made. @param {any} settings */
export const keyObject = ({ algorithm, secret, publicJwks }) =>
  algorithm === "HS256"
    ? createSecretKey(secret, "utf8")
    : createPublicKey({ key: publicJwks[algorithm], format: "jwk" });
