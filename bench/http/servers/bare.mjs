// The floor under HTTP: the constant app, which checks the signature too and makes nothing of it.
import { createHmac, timingSafeEqual, verify } from "node:crypto";
import { keyObject } from "../../floor/key-object.mjs";

/** @type {Record<string, (input: string, signature: Buffer, key: import("node:crypto").KeyObject) => boolean>} */
const CHECKS = {
  HS256: (input, signature, key) => timingSafeEqual(createHmac("sha256", key).update(input).digest(), signature),
  RS256: (input, signature, key) => verify("sha256", Buffer.from(input), key, signature),
  ES256: (input, signature, key) => verify("sha256", Buffer.from(input), { key, dsaEncoding: "ieee-p1363" }, signature),
  EdDSA: (input, signature, key) => verify(null, Buffer.from(input), key, signature),
};

/** @param {any} settings */
export function createApp(settings) {
  const { express, algorithm, loginPath, answer } = settings;
  const key = keyObject(settings);
  const check = CHECKS[algorithm];

  const app = express();
  app.post(loginPath, express.json(), (req, res) => {
    const { token } = req.body;
    const dot = token.lastIndexOf(".");
    if (!check(token.slice(0, dot), Buffer.from(token.slice(dot + 1), "base64url"), key)) throw new Error("forged");
    res.json(answer);
  });
  return app;
}
