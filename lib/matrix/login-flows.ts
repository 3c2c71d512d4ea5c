/** One way to log in, as `GET /_matrix/client/v3/login` lists them. */
export interface LoginFlow {
  /** The login type, e.g. `org.matrix.login.jwt`. */
  readonly type: string;
  /** Of `m.login.sso`: the providers to choose from. */
  readonly identity_providers?: readonly { readonly id: string }[];
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
 * Adds flows to a host's answer, after the host's own, which stay as they are.
 *
 * @returns undefined: the answer is no object with a list of flows
 */
export function mergeFlows(answer: unknown, flows: readonly LoginFlow[]): object | undefined {
  if (typeof answer !== "object" || answer === null) return undefined;
  const theirs: unknown = (answer as { flows?: unknown }).flows;
  if (!Array.isArray(theirs)) return undefined;
  const types = new Set(theirs.map(flowType));
  const ours = flows.find(({ identity_providers: providers }) => providers !== undefined);
  const merged = theirs.map((flow: unknown) =>
    ours !== undefined && flowType(flow) === ours.type ? withProviders(flow as LoginFlow, ours) : flow,
  );
  return { ...answer, flows: [...merged, ...flows.filter(({ type }) => !types.has(type))] };
}

/** Client-server API, "Client login via SSO": one flow has the providers of both, each ID once. */
function withProviders(theirs: LoginFlow, { identity_providers: ours = [] }: LoginFlow): LoginFlow {
  const known: readonly unknown[] = Array.isArray(theirs.identity_providers) ? theirs.identity_providers : [];
  const ids = new Set(known.map((provider) => (Object(provider) as { id?: unknown }).id));
  return { ...theirs, identity_providers: [...(known as { id: string }[]), ...ours.filter(({ id }) => !ids.has(id))] };
}

function flowType(flow: unknown): unknown {
  return typeof flow === "object" && flow !== null ? (flow as { type?: unknown }).type : undefined;
}
