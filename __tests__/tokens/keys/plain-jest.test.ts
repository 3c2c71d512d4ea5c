import { createRequire } from "node:module";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "@jest/globals";

import { copyOfLib, type LibCopy } from "../../helpers/lib-copy.js";

const JEST = createRequire(join(process.cwd(), "package.json")).resolve("jest/bin/jest");

/** A host's own test, as it would be written without a word about Jest's configuration. */
const HOST_TEST = `
const { generateKeyPairSync, sign } = require("node:crypto");
const { createServer } = require("node:http");
const { createTokenVerifier } = require("./index.js");

const { publicKey, privateKey } = generateKeyPairSync("ed25519");
const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
let server, issuer;

beforeAll(async () => {
  const keys = [{ ...publicKey.export({ format: "jwk" }), kid: "1" }];
  server = createServer((req, res) => {
    res.end(JSON.stringify(req.url === "/jwks" ? { keys } : { issuer, jwks_uri: issuer + "/jwks" }));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  issuer = "http://127.0.0.1:" + server.address().port;
});
afterAll(() => new Promise((resolve) => { server.closeAllConnections(); server.close(resolve); }));

test.each(["jwksUri", "discover"])("%s", async (source) => {
  const input = part({ alg: "EdDSA", kid: "1" }) + "." + part({ iss: issuer, sub: "alice", exp: Date.now() / 1000 + 60 });
  const token = input + "." + sign(null, Buffer.from(input), privateKey).toString("base64url");
  const keys = source === "discover" ? { discover: true } : { jwksUri: issuer + "/jwks" };
  const { verify } = createTokenVerifier({ issuer, ...keys });
  expect(await verify(token)).toMatchObject({ sub: "alice" });
});
`;

let copy: LibCopy;

beforeAll(() => {
  copy = copyOfLib("commonjs");
  writeFileSync(join(copy.directory, "host.test.js"), HOST_TEST);
});

afterAll(() => {
  copy.remove();
});

test("a host's Jest in CommonJS needs no configuration to verify with remote keys", () => {
  const { status, stderr } = spawnSync(process.execPath, [JEST, "--no-cache"], {
    cwd: copy.directory,
    encoding: "utf8",
    env: { ...process.env, NODE_OPTIONS: "" },
  });
  expect(stderr).toContain("2 passed");
  expect(status).toBe(0);
}, 60_000);
