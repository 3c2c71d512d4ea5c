import { readConfig } from "../../../example-server/src/config.js";
import { loadSecrets } from "../../../example-server/src/secrets.js";
import { newDirectory, startTestServer, type Answer, type TestServer } from "./test-server.js";

export type Replicas = readonly [TestServer, TestServer, TestServer];

/** Three servers that start at once, with their secrets in common. */
export async function startReplicas(environment: Readonly<Record<string, string>>): Promise<Replicas> {
  const directory = newDirectory();
  loadSecrets(readConfig({}, directory));
  const start = (): Promise<TestServer> => startTestServer(environment, directory);
  return Promise.all([start(), start(), start()]);
}

/** Asks the replicas in turn, without waiting for an answer. */
export function atOnce(
  replicas: Replicas,
  times: number,
  ask: (replica: TestServer, i: number) => Promise<Answer>,
): Promise<Answer[]> {
  return Promise.all(Array.from({ length: times }, (_, i) => ask(replicas[i % 3] ?? replicas[0], i)));
}

/** How many answers have which status. */
export function statusesOf(answers: readonly Answer[]): Readonly<Record<number, number>> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
