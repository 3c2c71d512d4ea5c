// The part of docs/conformance.md on Token Authenticator's oauth, oidc and epa logins.
import { readFileSync } from "node:fs";

import { replayOther } from "./replay-other.mjs";

const read = (name) => JSON.parse(readFileSync(`__tests__/conformance/${name}.json`, "utf8"));

/**
 * Replays them, and writes down what is answered in another way.
 *
 * @throws if an answer is neither that of the recording nor a difference that is listed with its reason
 */
export async function otherLogins() {
  const recording = read("token-authenticator-2");
  const { groups } = recording;
  const differences = read("token-authenticator-2-differences");
  const cases = new Map(groups.flatMap(({ cases = [] }) => cases.map((recorded) => [recorded.id, recorded.reference])));
  const names = new Set(groups.map(({ name }) => name));
  const other = differences.flatMap(({ ids }) => ids).filter((id) => cases.has(id));
  assertAsListed(await replayOther(recording), groups, differences);
  const rows = differences.flatMap((difference) => rowsOf(difference, cases, names));
  return `## Token Authenticator's other logins

The module's \`oauth\`, \`oidc\` and \`epa\` logins, with what the identity provider answered: ${String(cases.size)} requests under ${String(
    groups.filter(({ cases: some = [] }) => some.length > 0).length,
  )} configurations,
on Synapse Token Authenticator 0.13.1. ${String(cases.size - other.length)} are answered as there; a refusal may have another status of 4xx. The other ${String(other.length)} are
answered in another way on purpose. \`__tests__/conformance/token-authenticator-2.test.ts\` replays all of them, with
[linked accounts](linked-accounts.md) in place of \`check_external_id\`.

| request | there | here | why |
| --- | --- | --- | --- |
${rows.map((cells) => `| ${cells.join(" | ")} |`).join("\n")}
`;
}

function rowsOf({ ids, status, user_id: user, why }, cases, names) {
  const there = new Map();
  for (const id of ids) {
    const answer = cases.has(id) ? String(cases.get(id).status) : "starts";
    if (!cases.has(id) && !names.has(id)) throw new Error(`${id} is not in the recording`);
    there.set(answer, [...(there.get(answer) ?? []), `\`${id}\``]);
  }
  const here = status === "options" ? "options error" : `${String(status)}${user ? ` as \`${user}\`` : ""}`;
  return [...there].map(([answer, alike]) => [alike.join(", "), answer, here, why]);
}

function assertAsListed(answers, groups, differences) {
  const listed = new Map(differences.flatMap(({ ids, ...difference }) => ids.map((id) => [id, difference])));
  const wrong = groups.flatMap(({ name, starts, cases = [] }) => {
    const start = listed.get(name)?.status ?? (starts ? "starts" : "options");
    const others = cases.filter(({ id, reference }) => !fits(answers.get(id), reference, listed.get(id)));
    return [...(answers.get(name) === start ? [] : [name]), ...others.map(({ id }) => id)];
  });
  if (wrong.length > 0) throw new Error(`answered neither as there nor as listed: ${wrong.join(", ")}`);
}

function fits(answer, reference, listed = { status: reference.status, user_id: reference.user_id }) {
  if (answer.status !== listed.status && !(isRefusal(answer.status) && isRefusal(listed.status))) return false;
  const user = listed.user_id ?? reference.user_id;
  return answer.status !== 200 || user === undefined || answer.user_id === user;
}

function isRefusal(status) {
  return status >= 400 && status < 500;
}
