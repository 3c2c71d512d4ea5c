// Writes docs/conformance.md from replayed recordings.
import { differs, isAsAsked, KINDS } from "./compare.mjs";
import { reasonOf } from "./reasons.mjs";

/** What the reference ran with, by the group's name. */
const CONFIGURATIONS = {
  base: "HS256, nothing else set: paths, methods, bodies, fields, tokens, claims, names",
  iss: "`issuer`",
  aud: "`audiences`, two of them",
  issaud: "`issuer` and `audiences`",
  claims: "`subject_claim` and `display_name_claim`",
  dotclaim: "`subject_claim` with a dot in it",
  rs256: "RS256, a PEM key",
  es256: "ES256, a PEM key",
  ps256: "PS256, a PEM key",
  eddsa: "EdDSA, a PEM key",
  hs512: "HS512",
  shortsecret: "a secret of a few characters",
  refresh: "refresh tokens",
  reg: "`allow_registration`",
  noexp: "`require_expiry: false`",
  "patched-keyfile-rs256": "`keyfile`, RS256; the module had to be patched to read it",
  "patched-keyfile-es256": "`keyfile`, ES256; the module had to be patched to read it",
};
const BASE_OF = { "token-authenticator.json": "HS512, nothing else set: fields, `identifier`, tokens, claims, names" };

/** @param recordings - `{ name, file, groups }` of each reference, replayed */
export function pageOf(recordings) {
  const all = recordings.flatMap(casesOf);
  const same = all.filter((recorded) => !differs(recorded));
  return `<!-- Written by scripts/conformance.mjs, from the recordings in __tests__/conformance: edit those. -->

# Conformance

A real Synapse and a real Synapse Token Authenticator were sent ${count(all.length, "request")} over HTTP, and what they answered was
recorded. The same requests are sent to this package, given the very configuration that the other had through
\`fromSynapseJwtConfig\` and \`fromTokenAuthenticatorConfig\`. **${String(same.length)}** of them it answers as they did; ${String(all.length - same.length)} it does not, on purpose,
and each of these is on this page with its reason.

${table(["", ...recordings.map(({ name }) => name)], totalsOf(recordings))}

Compared are the status, the \`errcode\` and the user ID. Not compared are the text of an error, headers, and the other members
of an answer. The package ran with \`unknownLoginType: "reject"\` and \`flows: "replace"\`, alone on its server as the others are.
\`npm test\` replays every request, on Express 4 and Express 5. ${sameUsers(all)}

## What was asked

${recordings.map(askedOf).join("\n\n")}

${KINDS.map((kind) => differencesOf(kind, recordings)).join("\n\n")}

${unmetOf(all)}
`;
}

const casesOf = ({ groups }) => groups.flatMap(({ cases }) => cases);
const kindOf = (recorded) => (differs(recorded) ? KINDS.find(({ fits }) => fits(recorded)) : undefined);
const count = (number, noun) => `${String(number)} ${noun}${number === 1 ? "" : "s"}`;

function totalsOf(recordings) {
  const row = (title, isIt) => [title, ...recordings.map((recording) => casesOf(recording).filter(isIt).length)];
  return [
    row("requests", () => true),
    row("**answered alike**", (recorded) => !differs(recorded)),
    ...KINDS.map((kind) =>
      row(kind.title[0].toLowerCase() + kind.title.slice(1), (recorded) => kindOf(recorded) === kind),
    ),
  ];
}

function askedOf({ name, about, file, groups }) {
  const rows = groups.map(({ name: group, cases }) => {
    const configuration = (group === "base" && BASE_OF[file]) || CONFIGURATIONS[group];
    if (configuration === undefined) throw new Error(`scripts/conformance/page.mjs does not say what ${group} is`);
    return [configuration, cases.length, cases.filter((recorded) => !differs(recorded)).length];
  });
  return `### ${name}\n\n${about}\n\n${table(["configuration", "requests", "answered alike"], rows)}`;
}

function differencesOf(kind, recordings) {
  const parts = recordings.flatMap((recording) => {
    const cases = casesOf(recording).filter((recorded) => kindOf(recorded) === kind);
    if (cases.length === 0) return [];
    const rows = groupBy(cases, (recorded) => [reasonOf(recorded), ...answersOf(recorded)].join("\n"));
    return `### ${recording.name}: ${String(cases.length)}\n\n${table(
      ["request", "there", "here", "why"],
      rows.map((alike) => [namesOf(alike), ...answersOf(alike[0]), reasonOf(alike[0])]),
    )}`;
  });
  return [`## ${kind.title}`, kind.about, ...parts].join("\n\n");
}

/** @throws where a request that both let in logs in two different users */
function sameUsers(cases) {
  const letIn = cases.filter(({ reference, answer }) => reference.status === 200 && answer.status === 200);
  const others = letIn.filter(({ reference, answer }) => reference.user_id !== answer.user_id);
  if (others.length > 0) throw new Error(`somebody else is logged in: ${others.map(({ id }) => id).join(", ")}`);
  const logins = letIn.filter(({ answer }) => answer.user_id !== undefined).length;
  return `Both let in ${count(logins, "login")}, each for the same user.`;
}

/** The requests' names as recorded, without the group's where that is the plain configuration. */
function namesOf(cases) {
  return cases.map(({ id }) => `\`${id.replace(/^base\//, "")}\``).join(", ");
}

function answersOf({ reference, answer }) {
  return [reference, answer].map(({ status, errcode }) =>
    errcode === null ? String(status) : `${String(status)} ${errcode}`,
  );
}

/** @throws where another expectation than the known one is not met */
function unmetOf(cases) {
  const unmet = cases.filter((recorded) => !isAsAsked(recorded)).map(({ id }) => id);
  if (unmet.join() !== "base/token sig in standard base64")
    throw new Error(`not answered as asked: ${unmet.join(", ")}`);
  return `## An expectation that can't be met

The recordings say of each request what this package must answer. One of these expectations is wrong:
\`${unmet[0]}\` was to be refused, as the parts of a token are base64url. But the signature of this
token holds neither \`+\`, \`/\` nor \`=\`, so that both encodings are the same text, the token is an honest one, and no server
could tell. It is answered as Synapse does, with 200, and counted as answered alike. Tokens whose standard base64 differs are
refused; the attack suite in \`__tests__/jwt\` has them.`;
}

function groupBy(items, keyOf) {
  const groups = new Map();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return [...groups.values()];
}

function table(head, rows) {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
