import { createHash } from "node:crypto";

import type * as Oauth from "oauth4webapi";

import { operatorText, quoted, shown } from "../remote/errors.js";
import type { IssuerMetadata, Metadata, RemoteSettings } from "../remote/metadata.js";
import { request, secretsOf, within } from "../remote/request.js";
import type { Logger } from "../support/logger.js";
import { Outages } from "../support/outages.js";
import { TokenError } from "../tokens/errors.js";
import { SignInError } from "./errors.js";
import type { ProviderConfig } from "./parse-options.js";

/** What belongs to one authorization request, until its answer is there. */
export interface AuthorizationSecrets {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

export interface ProviderTokens {
  /** Not verified. */
  readonly idToken: unknown;
  readonly accessToken: string;
}

/** Our side of OpenID Connect (Core 1.0, section 3.1) with one provider. */
export class ProviderClient {
  readonly #config: ProviderConfig;
  readonly #metadata: IssuerMetadata;
  readonly #settings: RemoteSettings;
  readonly #client: Oauth.Client;
  readonly #outages: Outages;

  constructor(config: ProviderConfig, metadata: IssuerMetadata, settings: RemoteSettings, logger: Logger) {
    this.#config = config;
    this.#metadata = metadata;
    this.#settings = settings;
    this.#client = { client_id: config.clientId };
    this.#outages = new Outages(logger);
  }

  /**
   * Where a browser begins: code flow with PKCE (RFC 7636).
   *
   * @param parameters - beside the protocol's own and the configured ones
   * @throws KeysUnavailableError, SignInError if the provider cannot be reached
   */
  async authorizationUrl(
    { state, nonce, codeVerifier }: AuthorizationSecrets,
    { register = false, ...parameters }: { register?: boolean; prompt?: string; max_age?: string },
  ): Promise<string> {
    const { clientId, redirectUri, scope, prompt, authorizationParameters } = this.#config;
    const document = await this.#metadata.get();
    const url = new URL(this.#endpoint(document, "authorization_endpoint"));
    const chosen = {
      ...authorizationParameters,
      ...(prompt !== undefined && { prompt }),
      ...(register && canRegister(document) && { prompt: "create" }),
      ...parameters,
      response_type: "code",
      client_id: clientId,
      redirect_uri: redirectUri,
      scope,
      state,
      nonce,
      code_challenge: createHash("sha256").update(codeVerifier).digest("base64url"),
      code_challenge_method: "S256",
    };
    for (const [name, value] of Object.entries(chosen)) url.searchParams.set(name, value);
    return url.href;
  }

  /** The origin of the authorization endpoint, for a Content-Security-Policy. */
  async authorizationOrigin(): Promise<string> {
    return new URL(this.#endpoint(await this.#metadata.get(), "authorization_endpoint")).origin;
  }

  /**
   * Takes the provider's answer (RFC 6749 section 4.1.2, RFC 9207) and exchanges the code.
   *
   * @throws SignInError, KeysUnavailableError
   */
  async exchange(answer: URLSearchParams, { state, codeVerifier }: AuthorizationSecrets): Promise<ProviderTokens> {
    const oauth = await oauth4webapi();
    const document = await this.#metadata.get();
    const url = this.#endpoint(document, "token_endpoint");
    const server: Oauth.AuthorizationServer = {
      issuer: document.issuer,
      token_endpoint: url,
      authorization_response_iss_parameter_supported:
        document["authorization_response_iss_parameter_supported"] === true,
    };
    const parameters = checkedAnswer(oauth, () => oauth.validateAuthResponse(server, this.#client, answer, state));
    // The library takes an empty `iss` for none, and what it asks the provider with for an answer of the provider.
    if (answer.get("iss") === "") throw SignInError.refused("the provider's answer has an empty iss");
    const [code, second] = answer.getAll("code");
    if (!code || second !== undefined) throw SignInError.refused("the provider's answer has no code, or several");
    return this.#ask("token_endpoint", url, async (options) => {
      const response = await oauth.authorizationCodeGrantRequest(
        server,
        this.#client,
        this.#authentication(oauth, document),
        parameters,
        this.#config.redirectUri,
        codeVerifier,
        options,
      );
      const { idToken, rest } = await withoutIdToken(response);
      const tokens = await oauth.processAuthorizationCodeResponse(server, this.#client, rest);
      return { idToken, accessToken: tokens.access_token };
    });
  }

  /**
   * Asks the UserInfo endpoint (Core 1.0, section 5.3).
   *
   * @throws SignInError, KeysUnavailableError
   * @throws TokenError if it answers about somebody else
   */
  async userInfo(accessToken: string, subject: string): Promise<Readonly<Record<string, unknown>>> {
    const oauth = await oauth4webapi();
    const document = await this.#metadata.get();
    const url = this.#endpoint(document, "userinfo_endpoint");
    const server = { issuer: document.issuer, userinfo_endpoint: url };
    return this.#ask("userinfo_endpoint", url, async (options) => {
      const response = await oauth.userInfoRequest(server, this.#client, accessToken, options);
      return oauth.processUserInfoResponse(server, this.#client, subject, response);
    });
  }

  #endpoint(document: Metadata, name: string): string {
    // Apart from whether it answers.
    const named = `${name} in the discovery document`;
    try {
      const url = this.#metadata.endpoint(document, name);
      this.#works(named);
      return url;
    } catch (cause) {
      throw this.#outage(named, `the discovery document's ${(cause as Error).message}`);
    }
  }

  #outage(endpoint: string, message: string): SignInError {
    this.#outages.began(endpoint, `sign-in with ${this.#config.id} fails: ${message}`);
    return SignInError.outage(message);
  }

  #works(endpoint: string): void {
    this.#outages.ended(endpoint, `sign-in with ${this.#config.id} works again (${endpoint})`);
  }

  /** RFC 6749 section 2.3.1; a public client names itself (section 3.2.1). */
  #authentication(oauth: typeof Oauth, document: Metadata): Oauth.ClientAuth {
    const { clientSecret, clientAuthentication } = this.#config;
    if (clientSecret === undefined) return oauth.None();
    const supported = document["token_endpoint_auth_methods_supported"];
    const onlyPost =
      Array.isArray(supported) &&
      supported.includes("client_secret_post") &&
      !supported.includes("client_secret_basic");
    const method = clientAuthentication ?? (onlyPost ? "client_secret_post" : "client_secret_basic");
    return method === "client_secret_post"
      ? oauth.ClientSecretPost(clientSecret)
      : oauth.ClientSecretBasic(clientSecret);
  }

  /** Within the deadline and the size that hold for all that is asked of other servers. */
  async #ask<T>(endpoint: string, url: string, question: (options: RequestOptions) => Promise<T>): Promise<T> {
    const oauth = await oauth4webapi();
    const asked: Asked = { url, secrets: [] };
    try {
      const answer = await within(this.#settings.timeout, (signal) =>
        question({
          // eslint-disable-next-line @typescript-eslint/no-deprecated -- which URLs may be http has been checked
          [oauth.allowInsecureRequests]: true,
          [oauth.customFetch]: async (_, { method, headers, body }) => {
            const what = { method, headers, ...(body && { body: body.toString() }) };
            asked.secrets = secretsOf(what);
            const answer = await request(url, what, this.#settings, signal);
            if (answer.status !== 200) asked.refusal = new Error(`answered with status ${String(answer.status)}`);
            const type = answer.header("content-type") ?? "";
            return new Response(answer.text, { status: answer.status, headers: { "content-type": type } });
          },
        }),
      );
      this.#works(endpoint);
      return answer;
    } catch (error) {
      const fault = faultOf(oauth, error, asked);
      if (typeof fault === "string") throw this.#outage(endpoint, fault);
      this.#works(endpoint);
      throw fault;
    }
  }
}

/** What an endpoint was asked. */
interface Asked {
  readonly url: string;
  secrets: readonly string[];
  /** If there was an answer of another status than 200. */
  refusal?: Error;
}

interface RequestOptions {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- see where it is set
  readonly [Oauth.allowInsecureRequests]: boolean;
  readonly [Oauth.customFetch]: (url: string, init: RequestInit) => Promise<Response>;
}

interface RequestInit {
  readonly method: "GET" | "POST";
  readonly headers: Record<string, string>;
  readonly body?: URLSearchParams | null | undefined;
}

/** OpenID Connect Prompt Create 1.0. */
function canRegister({ prompt_values_supported: values }: Metadata): boolean {
  return Array.isArray(values) && values.includes("create");
}

function checkedAnswer(oauth: typeof Oauth, check: () => URLSearchParams): URLSearchParams {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof oauth.AuthorizationResponseError)) throw SignInError.refused(describe(error, []));
    const { error: code, error_description: description = "" } = error;
    const told = `the provider answered ${quoted(code)} ${quoted(description)}`;
    if (code === "access_denied") throw SignInError.cancelled(told);
    if (code === "server_error" || code === "temporarily_unavailable") throw SignInError.unavailable(told);
    throw SignInError.refused(told);
  }
}

/** RFC 6749 section 5.1. Whatever else an answer holds, nobody has to parse it again. */
const OAUTH_MEMBERS = new Set(["access_token", "token_type", "expires_in", "refresh_token", "scope"]);

/**
 * The ID token is for our own verifier. What is left is the OAuth response, which the library checks (RFC 6749 section
 * 5.1).
 */
async function withoutIdToken(response: Response): Promise<{ readonly idToken: unknown; readonly rest: Response }> {
  if (response.status !== 200) return { idToken: undefined, rest: response };
  const answer = Object(await response.json()) as Readonly<Record<string, unknown>>;
  const rest = Object.fromEntries(Object.entries(answer).filter(([name]) => OAUTH_MEMBERS.has(name)));
  return { idToken: answer["id_token"], rest: new Response(JSON.stringify(rest), { headers: response.headers }) };
}

/**
 * What a question that failed says of the sign-in; a text for the operator if it says nothing, as there was no valid answer.
 */
function faultOf(oauth: typeof Oauth, error: unknown, { url, secrets, refusal }: Asked): Error | string {
  if (error instanceof oauth.ResponseBodyError && error.error === "invalid_grant") {
    return SignInError.lost(describe(error, secrets));
  }
  const { code, error: answered } = error as Readonly<Record<string, unknown>>;
  // Anybody's own code may be why: it is no outage for others.
  if (answered === "invalid_request") return SignInError.unavailable(describe(error, secrets));
  if (code === oauth.JSON_ATTRIBUTE_COMPARISON) {
    return new TokenError("subject", "UserInfo is not about the user of the ID token (sub)");
  }
  const cause = typeof answered === "string" ? new Error(describe(error, secrets)) : (refusal ?? error);
  // RFC 6749 section 5.2.
  const areOurs = answered === "invalid_client" || answered === "unauthorized_client";
  const advice = areOurs ? "check its clientId, clientSecret and clientAuthentication; " : "";
  return `no usable answer${operatorText(cause, url)}; ${advice}sign-ins fail until this works again`;
}

/**
 * For the log. The library's errors hold whole responses, with tokens in them: only their texts are kept.
 *
 * @param secrets - of the request, which an answer may repeat
 */
function describe(error: unknown, secrets: readonly string[]): string {
  const { message, error: code, error_description: description } = error as Error & Readonly<Record<string, unknown>>;
  if (typeof code !== "string") return message;
  const told = [code, ...(typeof description === "string" ? [description] : [])];
  return `${message}: ${told.map((text) => quoted(shown(text, secrets))).join(" ")}`;
}

/** An ES module, which only the hosts of single sign-on need. */
function oauth4webapi() {
  return import("oauth4webapi");
}
