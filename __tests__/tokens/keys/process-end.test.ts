import { execFile } from "node:child_process";
import { utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";

import { serveJwks, type JwksServer } from "../../helpers/jwks-server.js";
import { jwk, pem, RSA } from "../../helpers/keys.js";
import { copyOfLib, type LibCopy } from "../../helpers/lib-copy.js";
import { token } from "../../helpers/tokens.js";

let lib: LibCopy;
let server: JwksServer;

beforeAll(() => {
  lib = copyOfLib();
});

afterAll(() => {
  lib.remove();
});

beforeEach(async () => {
  server = await serveJwks([jwk(RSA, { kid: "rsa" })]);
});

afterEach(async () => {
  await server.close();
});

const good = token({}, { algorithm: "RS256", header: { kid: "rsa" } });
const unknownKid = token({}, { algorithm: "RS256", header: { kid: "unknown" } });

/** Runs a script beside the library, which must come to its end by itself. */
async function run(script: string): Promise<string> {
  const file = join(lib.directory, `script-${String(Math.random())}.js`);
  writeFileSync(file, `import { createTokenVerifier } from "./index.js";\n${script}`);
  const { stdout } = await promisify(execFile)(process.execPath, [file], { timeout: 10_000 });
  return stdout.trim();
}

function verifier(jwksOptions: object): string {
  return `createTokenVerifier(${JSON.stringify({ jwksUri: server.url, jwksOptions })})`;
}

const LONG = { cooldown: 300, timeout: 300, cacheMaxAge: 0.001 };

test.each([
  ["keys that were fetched", { ...LONG, cacheMaxAge: 600 }, `await v.ready(); await v.verify(good);`],
  [
    "a refresh that waits for its time",
    LONG,
    `await v.ready(); await new Promise((go) => setTimeout(go, 20)); v.verify(good);`,
  ],
  [
    "a token that waits for the next fetch",
    { ...LONG, cacheMaxAge: 600 },
    `await v.ready(); v.verify(unknown).then(console.log, console.log);`,
  ],
])(
  "a process ends in spite of %s",
  async (_, options, script) => {
    const made = `const good = ${JSON.stringify(good)}, unknown = ${JSON.stringify(unknownKid)};`;
    expect(await run(`${made} const v = ${verifier(options)}; ${script} console.log("end");`)).toBe("end");
    expect(server.requests.length).toBe(1);
  },
  15_000,
);

test("a process that waits for its keys to begin with does not end before it has them", async () => {
  server.answer((_, res) => void res.writeHead(500).end());
  const script = `
    const v = ${verifier({ cooldown: 1 })};
    await v.ready().catch(() => console.log("not yet"));
    await v.ready().catch(() => console.log("nor now"));`;
  expect(await run(script)).toBe("not yet\nnor now");
}, 15_000);

test("a process ends in spite of a key file that is looked at", async () => {
  const file = join(lib.directory, "key.pem");
  writeFileSync(file, pem(RSA));
  utimesSync(file, 0, 0);
  const script = `
    const v = createTokenVerifier({ keyFile: ${JSON.stringify(file)} });
    const now = Date.now();
    Date.now = () => now + 10_000;
    const { sub } = await v.verify(${JSON.stringify(good)});
    console.log(sub);`;
  expect(await run(script)).toBe("alice");
}, 15_000);
