import { IntrospectionUnavailableError, outageText } from "../remote/errors.js";
import type { IssuerMetadata } from "../remote/metadata.js";
import { requestJson, type RequestLimits, within } from "../remote/request.js";
import { isJsonObject } from "../support/json.js";
import type { Claims } from "./claim-rules.js";
import { TokenError } from "./errors.js";

/** The server's own answer that a token is not active (RFC 7662 section 2.2). */
export class InactiveError extends TokenError {
  constructor() {
    super("inactive", "token is not active");
  }
}

/** Called after each request that failed, and when one works again. */
export interface IntrospectionWatcher {
  /** @param what - what can't be asked, by identity or name: each has outages of its own */
  failed(error: IntrospectionUnavailableError, what: object | string): void;
  recovered(what: object | string): void;
}

/** How an introspection endpoint is asked. */
export interface IntrospectionConfig extends RequestLimits {
  /** Its URL, or the metadata of the issuer that names it. */
  readonly endpoint: string | IssuerMetadata;
  /** Names its outages, if others ask the same endpoint as the same client. */
  readonly outage: string | undefined;
  /** Authenticates us to the server: headers, and members of the form. */
  readonly credentials: () => Promise<Credentials>;
  /** Seconds for all that one question needs. */
  readonly timeout: number;
  /** Are tokens of the type `DPoP` (RFC 9449 section 6.2) taken? */
  readonly allowSenderConstrained: boolean;
}

export interface Credentials {
  readonly headers?: Readonly<Record<string, string>>;
  readonly form?: Readonly<Record<string, string>>;
}

/** How many requests of one login type may be open, so that a server that hangs does not fill the memory. */
const MAX_OPEN = 1_000;
/** Seconds. */
const RETRY_AFTER = 5;

/** What Keycloak calls tokens that are no access tokens. */
const OTHER_TOKENS: readonly unknown[] = ["refresh", "offline", "id"];

/** Called before what `step` needs is looked at there. */
type OnAsk = (url: string, step: Step) => void;

/** The two steps of a question: to find the endpoint, then to ask it. */
type Step = "finding" | "asking";

/** Questions that are not answered yet, of all servers that one login type asks. */
export interface OpenQuestions {
  open: number;
}

/** Asks the server that issued a token whether it is good (RFC 7662). Nothing is cached here. */
export class Introspection {
  readonly #config: IntrospectionConfig;
  readonly #watcher: IntrospectionWatcher;
  readonly #questions: OpenQuestions;
  /** What failed last. */
  #failing: Step | undefined;

  constructor(config: IntrospectionConfig, watcher: IntrospectionWatcher, questions: OpenQuestions) {
    this.#config = config;
    this.#watcher = watcher;
    this.#questions = questions;
  }

  /** The issuer, if the endpoint is the one that its metadata names. */
  get issuer(): string | undefined {
    const { endpoint } = this.#config;
    return typeof endpoint === "string" ? undefined : endpoint.issuer;
  }

  /** Finds the endpoint. Asks about no token. */
  async ready(): Promise<void> {
    await this.#within((_signal, onAsk) => this.#atEndpoint(onAsk, () => Promise.resolve()), "finding");
  }

  /**
   * The answer about an active access token.
   *
   * @throws TokenError `inactive`, `token_type`, `sender_constrained`
   * @throws IntrospectionUnavailableError
   */
  async ask(token: string): Promise<Claims> {
    // No fault of the server's: a flood is no outage.
    if (this.#questions.open === MAX_OPEN)
      throw unavailable(new Error(`${String(MAX_OPEN)} questions are open already`), undefined);
    this.#questions.open += 1;
    try {
      const answer = await this.#within(
        (signal, onAsk) => this.#atEndpoint(onAsk, (url) => this.#question(url, token, signal)),
        "asking",
      );
      assertAccessToken(answer, this.#config);
      return answer;
    } finally {
      this.#questions.open -= 1;
    }
  }

  /**
   * One deadline, and one outage, for all that a question needs.
   *
   * @param shown - the step that is known to work if `work` succeeds
   */
  async #within<T>(work: (signal: AbortSignal, onAsk: OnAsk) => Promise<T>, shown: Step): Promise<T> {
    const at: { url?: string; step: Step } = { step: "finding" };
    const onAsk: OnAsk = (url, step) => {
      Object.assign(at, { url, step });
    };
    try {
      const result = await within(this.#config.timeout, (signal) => work(signal, onAsk));
      // To have found the endpoint says nothing of whether it answers.
      if (this.#failing === "finding" || (this.#failing === "asking" && shown === "asking")) {
        this.#failing = undefined;
        this.#watcher.recovered(this.#config.outage ?? this);
      }
      return result;
    } catch (cause) {
      this.#failing = at.step === "asking" ? at.step : (this.#failing ?? at.step);
      const error = unavailable(cause, at.url);
      this.#watcher.failed(error, this.#config.outage ?? this);
      throw error;
    }
  }

  /**
   * Does what `work` does with the endpoint's URL, or with a newer one if that fails and the issuer's document, or a newer
   * one, names another.
   */
  async #atEndpoint<T>(onAsk: OnAsk, work: (url: string) => Promise<T>): Promise<T> {
    const { endpoint } = this.#config;
    const asking = (url: string) => {
      onAsk(url, "asking");
      return work(url);
    };
    if (typeof endpoint === "string") return asking(endpoint);
    onAsk(endpoint.url, "finding");
    return endpoint.ask("introspection_endpoint", asking);
  }

  /** RFC 7662 section 2.1. */
  async #question(url: string, token: string, signal: AbortSignal): Promise<Claims> {
    const { headers, form } = await this.#config.credentials();
    signal.throwIfAborted();
    const body = new URLSearchParams({ token, token_type_hint: "access_token", ...form }).toString();
    const request = {
      method: "POST" as const,
      headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
      body,
    };
    return answerIn(await requestJson(url, request, this.#config, signal));
  }
}

function unavailable(cause: unknown, asked: string | undefined): IntrospectionUnavailableError {
  return new IntrospectionUnavailableError("the token can't be checked right now", {
    cause,
    retryAfter: RETRY_AFTER,
    detail: outageText("no usable answer", cause, asked, "logins get 503 until this works again"),
  });
}

/** RFC 7662 section 2.2: what is not of this form says nothing about the token. */
function answerIn(json: unknown): Claims {
  if (isJsonObject(json) && typeof json["active"] === "boolean") return json;
  throw new Error("answered with something that is not an introspection response");
}

function assertAccessToken(
  { active, token_type: tokenType, typ }: Claims,
  { allowSenderConstrained }: Pick<IntrospectionConfig, "allowSenderConstrained">,
): void {
  if (active !== true) throw new InactiveError();
  const type = typeof tokenType === "string" ? tokenType.toLowerCase() : tokenType;
  const isBound = type === "dpop";
  if (isBound && !allowSenderConstrained) {
    throw new TokenError("sender_constrained", "token is bound to a key that a login does not prove (token_type)");
  }
  const isOther = typeof typ === "string" && OTHER_TOKENS.includes(typ.toLowerCase());
  if (isOther || !(isBound || type === undefined || type === "bearer" || type === "access_token")) {
    throw new TokenError("token_type", "token is not an access token");
  }
}
