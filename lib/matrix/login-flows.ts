/** One way to log in, as `GET /_matrix/client/v3/login` lists them. */
export interface LoginFlow {
  /** The login type, e.g. `org.matrix.login.jwt`. */
  readonly type: string;
  /** Of `m.login.sso`: what there is to choose from (client-server API, "Client login via SSO"). */
  readonly identity_providers?: readonly IdentityProvider[];
}

/** A way to sign in by single sign-on, as clients show it. */
export interface IdentityProvider {
  /** What `/login/sso/redirect/{ID}` takes. */
  readonly id: string;
  /** What people see. */
  readonly name: string;
  /** An `mxc:` URL. */
  readonly icon?: string;
  /** e.g. `github`. */
  readonly brand?: string;
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
  return {
    ...answer,
    flows: [
      ...(theirs as unknown[]).map((flow) => withProviders(flow, flows)),
      ...flows.filter(({ type }) => !types.has(type)),
    ],
  };
}

function flowType(flow: unknown): unknown {
  return typeof flow === "object" && flow !== null ? (flow as { type?: unknown }).type : undefined;
}

/** A host's `m.login.sso` has our providers too, each ID once. */
function withProviders(flow: unknown, flows: readonly LoginFlow[]): unknown {
  const ours = flows.find(({ type }) => type === "m.login.sso" && type === flowType(flow))?.identity_providers;
  if (ours === undefined) return flow;
  const { identity_providers: listed } = flow as { identity_providers?: unknown };
  const theirs = Array.isArray(listed) ? (listed as unknown[]) : [];
  const ids = new Set(theirs.map((provider) => (Object(provider) as { id?: unknown }).id));
  return { ...(flow as object), identity_providers: [...theirs, ...ours.filter(({ id }) => !ids.has(id))] };
}
