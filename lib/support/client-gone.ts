/** Whether a client has hung up: an `AbortSignal` fits. */
export interface ClientSignal {
  /** The client is gone. */
  readonly aborted: boolean;
}

/** Asks whether the client is gone each time that it is read: no event tells of it. */
export class HangUpSignal implements ClientSignal {
  readonly #isGone: () => boolean;

  constructor(isGone: () => boolean) {
    this.#isGone = isGone;
  }

  get aborted(): boolean {
    return this.#isGone();
  }
}

/** The client has hung up before its token was looked at. */
export class ClientGone extends Error {}

/** @throws ClientGone */
export function assertConnected(signal: ClientSignal | undefined): void {
  if (signal?.aborted === true) throw new ClientGone();
}
