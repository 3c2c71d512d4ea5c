import { text } from "../support/checks.js";
import { OptionsError } from "../support/options-error.js";
import { parseUrl } from "../support/parse-url.js";
import { AnswerError, quoted } from "./errors.js";
import { type FetchOnce, Refreshed, type RefreshSettings } from "./refreshed.js";
import { requestJson, type RequestLimits, within } from "./request.js";
import type { KeyWatcher } from "./watchers.js";

/** How an endpoint is asked and how long its answer is kept. */
export type RemoteSettings = RefreshSettings & RequestLimits & { readonly allowHttp: boolean };

/** An issuer's discovery document: `issuer` is the configured one, and nothing else of it has been looked at. */
export interface Metadata {
  readonly issuer: string;
  readonly [name: string]: unknown;
}

/**
 * An issuer's metadata (OpenID Connect Discovery 1.0 section 4, RFC 8414 section 3): one snapshot of the whole document,
 * kept and refreshed as keys are.
 */
export class IssuerMetadata {
  readonly issuer: string;
  /** Where the document is. */
  readonly url: string;
  readonly #settings: RemoteSettings;
  readonly #document: Refreshed<Metadata>;

  constructor(issuer: string, settings: RemoteSettings, watcher: KeyWatcher) {
    this.issuer = issuer;
    // OpenID Connect Discovery 1.0 section 4.1: behind the issuer's path, less a slash at its end.
    this.url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
    this.#settings = settings;
    // Whoever waits for what it names has the same deadline, and should hear what failed. If there is a document to fall back
    // on, half of the time is left for the endpoint.
    const fetch: FetchOnce<Metadata> = (asking, before) =>
      within(settings.timeout * (before === undefined ? 0.9 : 0.5), async (signal) => {
        asking(this.url);
        return metadataOf(await requestJson(this.url, {}, settings, signal), issuer);
      });
    this.#document = new Refreshed(`the discovery document of ${issuer}`, fetch, settings, watcher);
  }

  /** The document, if it may be used without waiting. Starts its refresh in the background if that is due. */
  current(): Metadata | undefined {
    return this.#document.current();
  }

  /** The document after the next fetch, or what is left to use if that fails. Rejects with {@link KeysUnavailableError}. */
  latest(): Promise<Metadata> {
    return this.#document.latest();
  }

  /** The document: at once if it is there. Rejects with {@link KeysUnavailableError}. */
  async get(): Promise<Metadata> {
    return this.current() ?? (await this.latest());
  }

  /**
   * The URL of an endpoint that the document names, e.g. `jwks_uri` or `introspection_endpoint`.
   *
   * @throws OptionsError if there is none, or none that may be asked
   */
  endpoint(document: Metadata, name: string): string {
    return endpointUrl(document[name], name, this.#settings.allowHttp, IN_DOCUMENT);
  }

  /** Asks an endpoint that the document names. If that fails, asks once more if the endpoint has moved meanwhile. */
  async ask<T>(name: string, question: (url: string) => Promise<T>): Promise<T> {
    const known = this.current();
    if (known === undefined) return question(this.endpoint(await this.latest(), name));
    try {
      const answer = await question(this.endpoint(known, name));
      this.#document.retry();
      return answer;
    } catch (error) {
      // Without a wait: logins that come meanwhile would wait along, and then not get in by this fetch.
      const newer =
        (this.#document.isCoolingDown ? this.current() : undefined) ?? (await this.latest().catch(() => known));
      if (newer[name] === known[name]) throw error;
      return question(this.endpoint(newer, name));
    }
  }
}

/** OpenID Connect Discovery 1.0 section 4.3, RFC 8414 section 3.3: metadata that names another issuer is somebody else's. */
function metadataOf(document: unknown, issuer: string): Metadata {
  const { issuer: named } = (document ?? {}) as { readonly issuer?: unknown };
  if (named === issuer) return document as Metadata;
  const configured = JSON.stringify(issuer);
  const slash =
    typeof named === "string" && named.replace(/\/$/, "") === issuer.replace(/\/$/, "")
      ? ": the slash at the end counts"
      : "";
  const detail = `it names the issuer ${named === undefined ? "nowhere" : quoted(named)} where ${configured} is configured${slash}`;
  throw new AnswerError("the discovery document is not of the configured issuer", detail);
}

/** Several options may be what a document was fetched with. */
const IN_DOCUMENT: EndpointAdvice = { http: ", or with allowHttp", credentials: "" };

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** What an error about an endpoint's URL adds: what would allow http, and where credentials belong. */
export interface EndpointAdvice {
  readonly http: string;
  readonly credentials: string;
}

/** @param options - the path of options that have `allowHttp` and `fetch` */
export function endpointAdvice(options: string): EndpointAdvice {
  return { http: `, or with ${options}.allowHttp`, credentials: `; send them through ${options}.fetch` };
}

/**
 * The URL of an endpoint that decides who may log in: whoever can change its answers on the way could forge tokens.
 *
 * @throws OptionsError
 */
export function endpointUrl(value: unknown, path: string, allowHttp: boolean, advice: EndpointAdvice): string {
  const url = value instanceof URL ? value : assertUrl(text(value, path), path);
  const mayBeHttp = allowHttp || LOOPBACK.test(url.hostname);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && mayBeHttp)) {
    throw new OptionsError(path, `must be an https: URL (http: is for loopback hosts${advice.http})`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new OptionsError(path, `must not hold a user name or password${advice.credentials}`);
  }
  return url.href;
}

function assertUrl(text: string, path: string): URL {
  const url = parseUrl(text);
  if (url === undefined) throw new OptionsError(path, "must be a URL, e.g. https://example.org");
  return url;
}
