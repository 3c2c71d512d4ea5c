// The server under test: a host as users have it, with a login type for each kind of key.
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";

import express from "express";
import { matrixJwtLogin } from "matrix-jwt-login";

const secret = "the fuzzed secret, of more than thirty-two bytes";
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const ed = generateKeyPairSync("ed25519");
const jwk = ({ publicKey }, kid) => ({ ...publicKey.export({ format: "jwk" }), kid });
const pem = ({ privateKey }) => privateKey.export({ type: "pkcs8", format: "pem" });

const unhandled = [];
process.on("unhandledRejection", (error) => unhandled.push(String(error)));
process.on("uncaughtException", (error) => unhandled.push(String(error)));

const options = {
  serverName: "example.org",
  loginTypes: {
    "fuzz.secret": { secret, audience: null },
    "fuzz.rsa": { publicKey: rsa.publicKey, subjectFormat: "either", localpart: "escape" },
    "fuzz.jwks": {
      jwks: { keys: [jwk(rsa, "rsa"), jwk(ec, "ec"), jwk(ed, "ed")] },
      issuer: "https://idp.example.org",
      requiredScopes: ["login"],
      identifier: "match",
    },
    "fuzz.register": { secret, allowRegistration: true, displayNameClaim: ["profile", "name"], maxTokenAge: 600 },
  },
  findUser: (userId) => (userId === "@alice:example.org" ? { id: userId } : undefined),
  registerUser: (userId) => ({ id: userId }),
  issueToken: () => ({ accessToken: "SENSITIVE-access-token" }),
  logger: false,
};

const app = express();
app.use("/parsed", express.json({ strict: false }), express.urlencoded({ extended: true }), express.text());
app.use("/parsed/login", matrixJwtLogin({ ...options, unknownLoginType: "reject" }));
app.use(matrixJwtLogin(options));
app.post("/_matrix/client/:version/login", express.json({ type: () => true }), (_req, res) => {
  res.status(400).json({ errcode: "M_HOST", error: "the host's own" });
});
app.use((error, _req, res, next) => {
  if (res.headersSent) next(error);
  else res.status(error.status ?? 500).json({ errcode: "M_HOST", error: "the host's own" });
});

const server = createServer(app).listen(0, "127.0.0.1", () => {
  process.send({ port: server.address().port, keys: { secret, rsa: pem(rsa), ec: pem(ec), ed: pem(ed) } });
});

let before = heapUsed();
setTimeout(() => (before = heapUsed()), 2000).unref();
process.on("message", () => process.send({ unhandled, heapGrowth: heapUsed() - before }));
process.on("disconnect", () => process.exit());

function heapUsed() {
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}
