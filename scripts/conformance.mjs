// Writes docs/conformance.md: how the built package answers what was recorded of other servers.
//   node scripts/conformance.mjs           writes the page
//   node scripts/conformance.mjs --check   fails where the page is not what would be written
import { readFileSync } from "node:fs";

import { fromSynapseJwtConfig, fromTokenAuthenticatorConfig } from "matrix-jwt-login";

import { pageOf } from "./conformance/page.mjs";
import { otherLogins } from "./conformance/other-logins.mjs";
import { replay } from "./conformance/replay.mjs";
import { writeOrCheck } from "./docs/page.mjs";

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
await writeOrCheck("docs/conformance.md", `${pageOf(recordings)}\n${await otherLogins()}`, "npm run docs:conformance");
