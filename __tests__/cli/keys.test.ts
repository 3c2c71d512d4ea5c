import { afterAll, afterEach, beforeEach, expect, test } from "@jest/globals";

import { serve, type RunningServer } from "../helpers/hosts.js";
import { keySet, serveJwks, text, type JwksServer } from "../helpers/jwks-server.js";
import { jwk, RSA } from "../helpers/keys.js";
import { token } from "../helpers/tokens.js";
import { run, temporaryFolder } from "./helpers.js";

const folder = temporaryFolder();
const good = token({}, { algorithm: "RS256", header: { kid: "rsa" } });

let server: JwksServer;

beforeEach(async () => {
  server = await serveJwks([jwk(RSA, { kid: "rsa" })]);
});
afterEach(async () => {
  await server.close();
});
afterAll(() => {
  folder.remove();
});

test("keys of an endpoint are fetched once, and its URL is shown without a query", async () => {
  const { exitCode, stdout } = await run(["explain", "--jwks-uri", `${server.url}?key=hidden`, good]);
  expect(stdout).toContain(`\npass  key        1 for RS256 and kid "rsa" in jwksUri ${server.url}\n`);
  expect(exitCode).toBe(0);
  expect(server.requests.length).toBe(1);
});

test("a kid that the endpoint does not know is named", async () => {
  const other = token({}, { algorithm: "RS256", header: { kid: "other" } });
  const { exitCode, stdout } = await run(["explain", "--jwks-uri", server.url, other]);
  expect(stdout).toContain(`\n                 none for RS256 and kid "other" in jwksUri ${server.url}\n`);
  expect(stdout).toContain("\nRefused (unknown_key): ");
  expect(exitCode).toBe(1);
  expect(server.requests.length).toBe(1);
});

test("kids that could control a terminal are shown in escapes", async () => {
  const kid = "\u001b[2J\u009b\u007f\u202e\u2028";
  const keyFile = folder.file("jwks.json", JSON.stringify({ keys: [jwk(RSA, { kid })] }));
  const other = token({}, { algorithm: "RS256", header: { kid: `${kid}2` } });
  for (const flag of ["--quiet", "--json", "--no-color"]) {
    const { exitCode, stdout, stderr } = await run(["explain", "--key-file", keyFile, flag, other]);
    // eslint-disable-next-line no-control-regex
    expect(stdout + stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e\u2028]/);
    expect(exitCode).toBe(1);
  }
});

test("keys that can't be had are said to be that, and the claims are judged all the same", async () => {
  server.answer(text("no", 500));
  const expired = token({ exp: 1 }, { algorithm: "RS256", header: { kid: "rsa" } });
  const { exitCode, stdout } = await run(["explain", "--jwks-uri", server.url, expired]);
  expect(stdout).toContain("\nFAIL  key        keys could not be fetched: answered with status 500\n");
  expect(stdout).toContain("\n                 -> See that the endpoint answers this machine with a JWK Set.");
  expect(stdout).toContain("\nFAIL  exp        token expired\n");
  expect(stdout).toContain("\nRefused (keys_unavailable): keys could not be fetched: answered with status 500\n");
  expect(exitCode).toBe(1);
});

test("an error without a message is told by its code", async () => {
  const options = folder.file(
    "refused.cjs",
    `const error = Object.assign(new AggregateError([]), { code: "ECONNREFUSED" });
     module.exports = { jwksUri: "https://idp.example.org/", jwksOptions: { fetch: () => Promise.reject(error) } };`,
  );
  const { stdout } = await run(["explain", "--options", options, good]);
  expect(stdout).toContain("\nRefused (keys_unavailable): keys could not be fetched: ECONNREFUSED\n");
});

test("who waits for the keys is told", async () => {
  server.answer((req, res) => {
    setTimeout(() => {
      keySet([jwk(RSA, { kid: "rsa" })])(req, res);
    }, 1_200);
  });
  const { exitCode, stderr } = await run(["explain", "--jwks-uri", server.url, good]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "Waiting for the keys...\n" });
});

test("http is taken if it is allowed, beside what else is said of the endpoint", async () => {
  const options = folder.file(
    "http.cjs",
    `module.exports = {
       jwksUri: "http://idp.example.org/jwks",
       jwksOptions: { fetch: (_, init) => fetch(${JSON.stringify(server.url)}, init) },
     };`,
  );
  expect((await run(["explain", "--options", options, good])).exitCode).toBe(2);
  expect((await run(["explain", "--options", options, "--allow-http", good])).exitCode).toBe(0);
});

test("an issuer's keys are discovered", async () => {
  let issuer: RunningServer | undefined;
  try {
    issuer = await serve((_, res) => {
      res.end(JSON.stringify({ issuer: issuer?.url, jwks_uri: server.url }));
    });
    const text = token({ iss: issuer.url }, { algorithm: "RS256", header: { kid: "rsa" } });
    const { exitCode, stdout } = await run(["explain", "--discover", "--issuer", issuer.url, text]);
    expect(stdout).toContain(`\npass  key        1 for RS256 and kid "rsa" in the keys that ${issuer.url} names\n`);
    expect(exitCode).toBe(0);
  } finally {
    await issuer?.close();
  }
});
