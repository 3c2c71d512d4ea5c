// The route, which also checks the token's signature with node:crypto and a ready key, and nothing else of it.
import { createHmac, createPublicKey, createSecretKey, timingSafeEqual, verify } from "node:crypto";

/** @param {any} settings */
export function createApp({ express, path, answer, algorithm, secret, jwk }) {
  const key = algorithm === "HS256" ? createSecretKey(secret) : createPublicKey({ key: jwk, format: "jwk" });
  const check = (/** @type {string} */ input, /** @type {Buffer} */ signature) =>
    algorithm === "HS256"
      ? timingSafeEqual(createHmac("sha256", key).update(input).digest(), signature)
      : verify("sha256", Buffer.from(input), { key, dsaEncoding: "ieee-p1363" }, signature);
  const app = express();
  app.get(path, (/** @type {any} */ req, /** @type {any} */ res) => {
    const token = req.headers.authorization.slice("Bearer ".length);
    const dot = token.lastIndexOf(".");
    if (!check(token.slice(0, dot), Buffer.from(token.slice(dot + 1), "base64url"))) throw new Error("forged");
    res.json(answer);
  });
  return app;
}
