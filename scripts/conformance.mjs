// Writes docs/conformance.md: how the built package answers what was recorded of other servers.
//   node scripts/conformance.mjs           writes the page
//   node scripts/conformance.mjs --check   fails where the page is not what would be written
import { readFileSync, writeFileSync } from "node:fs";

import { fromSynapseJwtConfig, fromTokenAuthenticatorConfig } from "matrix-jwt-login";
import * as prettier from "prettier";

import { pageOf } from "./conformance/page.mjs";
import { replay } from "./conformance/replay.mjs";

const PAGE = "docs/conformance.md";
const REFERENCES = [
  {
    name: "Synapse",
    about: "Synapse 1.141.0, login type `org.matrix.login.jwt`.",
    file: "synapse.json",
    loginTypesOf: fromSynapseJwtConfig,
  },
  {
    name: "Token Authenticator",
    about: "Synapse Token Authenticator 0.13.1 on Synapse 1.141.0, login type `com.famedly.login.token`.",
    file: "token-authenticator.json",
    loginTypesOf: fromTokenAuthenticatorConfig,
  },
];

// Some of the recorded secrets are short, which is warned of.
process.removeAllListeners("warning");

const recordings = [];
for (const { loginTypesOf, ...reference } of REFERENCES) {
  const recording = JSON.parse(readFileSync(`__tests__/conformance/${reference.file}`, "utf8"));
  recordings.push({ ...reference, groups: await replay(recording, loginTypesOf) });
}
const page = await prettier.format(pageOf(recordings), {
  ...(await prettier.resolveConfig(PAGE)),
  parser: "markdown",
});

if (!process.argv.includes("--check")) {
  writeFileSync(PAGE, page);
} else if (readFileSync(PAGE, "utf8") !== page) {
  console.error(`${PAGE} is not what the package answers: run npm run docs:conformance, and look at what changed`);
  process.exitCode = 1;
}
