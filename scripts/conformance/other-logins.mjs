// The part of docs/conformance.md on Token Authenticator's oauth, oidc and epa logins.
import { readFileSync } from "node:fs";

const read = (name) => JSON.parse(readFileSync(`__tests__/conformance/${name}.json`, "utf8"));

/** What `npm test` replays and holds to the list of differences. */
export function otherLogins() {
  const { groups } = read("token-authenticator-2");
  const differences = read("token-authenticator-2-differences");
  const cases = new Map(groups.flatMap(({ cases = [] }) => cases.map((recorded) => [recorded.id, recorded.reference])));
  const names = new Set(groups.map(({ name }) => name));
  const other = differences.flatMap(({ ids }) => ids).filter((id) => cases.has(id));
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
  const here =
    status === "options"
      ? "options error"
      : status === "any"
        ? "403"
        : `${String(status)}${user ? ` as \`${user}\`` : ""}`;
  return [...there].map(([answer, alike]) => [alike.join(", "), answer, here, why]);
}
