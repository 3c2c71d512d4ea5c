/** One way to log in, as `GET /_matrix/client/v3/login` lists them. */
export interface LoginFlow {
  /** The login type, e.g. `org.matrix.login.jwt`. */
  readonly type: string;
}

/** Login types that the specification keeps for itself, and gives other rules than these. */
export const SPECIFIED_LOGIN_TYPES: ReadonlySet<string> = new Set([
  "m.login.password",
  "m.login.token",
  "m.login.sso",
  "m.login.application_service",
  "m.login.cas",
]);

/**
 * Adds flows to a host's answer, each type once and the host's own first.
 *
 * @returns undefined where the answer is no object with a list of flows
 */
export function mergeFlows(answer: unknown, flows: readonly LoginFlow[]): object | undefined {
  if (typeof answer !== "object" || answer === null) return undefined;
  const theirs: unknown = (answer as { flows?: unknown }).flows;
  if (!Array.isArray(theirs)) return undefined;
  const seen = new Set<unknown>();
  const merged = [...(theirs as unknown[]), ...flows].filter((flow) => {
    const type = flowType(flow);
    if (type === undefined) return true;
    return !seen.has(type) && seen.add(type);
  });
  return { ...answer, flows: merged };
}

function flowType(flow: unknown): unknown {
  return typeof flow === "object" && flow !== null ? (flow as { type?: unknown }).type : undefined;
}
