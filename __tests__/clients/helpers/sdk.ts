import { createClient, HttpApiEvent, type ICreateClientOpts, type MatrixClient } from "matrix-js-sdk";

export interface Sdk {
  readonly client: MatrixClient;
  /** The `Authorization` header of each request, in turn. */
  readonly authorizations: readonly (string | null)[];
  /** How often the SDK gave its session up, and would have shown its user the door. */
  readonly sessionsLost: () => number;
}

const quiet = (): void => undefined;
const logger = { trace: quiet, debug: quiet, info: quiet, warn: quiet, error: quiet, getChild: () => logger };

/** The real SDK, watched from where it meets the network. */
export function sdk(baseUrl: string, options: Omit<ICreateClientOpts, "baseUrl"> = {}): Sdk {
  const authorizations: (string | null)[] = [];
  let lost = 0;
  const client = createClient({
    baseUrl,
    logger,
    fetchFn: (input, init) => {
      authorizations.push(new Headers(init?.headers).get("Authorization"));
      return fetch(input, init);
    },
    ...options,
  });
  client.on(HttpApiEvent.SessionLoggedOut, () => (lost += 1));
  return { client, authorizations, sessionsLost: () => lost };
}
