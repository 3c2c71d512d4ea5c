// The server under test: a host as users have it, with a login type for each kind of key.
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";

import { monitorEventLoopDelay } from "node:perf_hooks";
import { buffer } from "node:stream/consumers";

import express from "express";
import { createFetchHandler, matrixBearerAuth, matrixJwtLogin } from "matrix-jwt-login";

import { startProvider } from "./provider.mjs";

const secret = "the fuzzed secret, of more than thirty-two bytes";
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const ed = generateKeyPairSync("ed25519");
const jwk = ({ publicKey }, kid) => ({ ...publicKey.export({ format: "jwk" }), kid });
const pem = ({ privateKey }) => privateKey.export({ type: "pkcs8", format: "pem" });
const decryption = generateKeyPairSync("rsa", { modulusLength: 2048 });
const issuer = await startProvider({ keys: [jwk(rsa, "rsa")] });

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
    "fuzz.opaque": {
      issuer,
      introspection: { discover: true, clientId: "matrix", clientSecret: "CLIENT-SECRET" },
      audience: "matrix",
    },
    "fuzz.encrypted": { secret, decryption: { key: decryption.privateKey, allowUnencrypted: true } },
    "fuzz.register": { secret, allowRegistration: true, displayNameClaim: ["profile", "name"], maxTokenAge: 600 },
  },
  findUser: (userId) => (userId === "@alice:example.org" ? { id: userId } : undefined),
  registerUser: (userId) => ({ id: userId }),
  issueToken: () => ({ accessToken: "SENSITIVE-access-token" }),
  logger: false,
};

const browsers = {
  sso: {
    publicBaseUrl: "http://localhost",
    secret,
    identityProviders: { provider: { name: "Provider", issuer, clientId: "matrix", clientSecret: "CLIENT-SECRET" } },
    trustedClients: ["https://app.example.org/"],
    backchannelLogout: { path: "/logout", endSessions: () => undefined },
  },
};
const bearer = matrixBearerAuth({ serverName: "example.org", tokens: { secret, tokenType: "at+jwt" }, logger: false });
const fetchHandler = createFetchHandler({ ...options, unknownLoginType: "reject" });

const app = express();
app.get("/whoami", bearer, (req, res) => {
  res.json({ access_token: "none", user_id: req.matrix.userId });
});
app.use("/fetch", async (req, res) => {
  const { method, url, headers } = req;
  const body = method === "POST" ? await buffer(req) : undefined;
  const given = Object.entries(headers).flatMap(([name, value]) => [value].flat().map((one) => [name, one]));
  const answer = await fetchHandler(new globalThis.Request(`http://localhost${url}`, { method, headers: given, body }));
  res.writeHead(answer.status, [...answer.headers].flat()).end(Buffer.from(await answer.arrayBuffer()));
});
app.use("/parsed", express.json({ strict: false }), express.urlencoded({ extended: true }), express.text());
app.use("/parsed/login", matrixJwtLogin({ ...options, unknownLoginType: "reject" }));
app.use(matrixJwtLogin({ ...options, ...browsers }));
app.post("/_matrix/client/:version/login", express.json({ type: () => true }), (_req, res) => {
  res.status(400).json({ errcode: "M_HOST", error: "the host's own" });
});
app.use((error, _req, res, next) => {
  if (res.headersSent) next(error);
  else res.status(error.status ?? 500).json({ errcode: "M_HOST", error: "the host's own" });
});

const server = createServer(app).listen(0, "127.0.0.1", () => {
  const keys = { secret, rsa: pem(rsa), ec: pem(ec), ed: pem(ed) };
  const encryptTo = decryption.publicKey.export({ type: "spki", format: "pem" });
  process.send({ port: server.address().port, keys, encryptTo, issuer });
});

const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
let before = heapUsed();
setTimeout(() => (before = heapUsed()), 2000).unref();
process.on("message", () =>
  process.send({ unhandled, longestDelay: delay.max / 1e6, heapGrowth: heapUsed() - before }),
);
process.on("disconnect", () => process.exit());

function heapUsed() {
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}
