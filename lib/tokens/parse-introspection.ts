import { endpointAdvice, endpointUrl } from "../remote/metadata.js";
import type { Fetch } from "../remote/request.js";
import { at, callback, type Check, flag, numberFrom, oneOf, text } from "../support/checks.js";
import { optional, type OptionsOf, optionsOf, type Values } from "../support/options.js";
import { OptionsError } from "../support/options-error.js";
import type { ClaimRules } from "./claim-options.js";
import type { TokenContext } from "./context.js";
import { type Credentials, Introspection, type IntrospectionConfig } from "./introspection.js";
import {
  discoverableIssuer,
  globalFetch,
  JWKS_OPTIONS,
  jwksSettings,
  type KeyValues,
  urlOrText,
} from "./keys/parse-key-source.js";
import type { IntrospectionOptions } from "./options.js";

type BearerToken = string | (() => string | Promise<string>);

const bearerToken: Check<BearerToken> = (value, path) => {
  return typeof value === "function" ? callback<() => string | Promise<string>>(value, path) : headerText(value, path);
};

/** Fit for a header (RFC 6750 section 2.1, and what is sent for it in practice). */
const headerText: Check<string> = (value, path) => {
  if (/^[\u0021-\u007e]+$/.test(text(value, path))) return value as string;
  throw new OptionsError(path, "must be visible ASCII characters without spaces");
};

const introspectionOptions = {
  endpoint: optional(urlOrText),
  discover: optional(flag, false),
  clientId: optional(text),
  clientSecret: optional(text),
  clientAuthentication: optional(oneOf(["client_secret_basic", "client_secret_post"])),
  bearerToken: optional(bearerToken),
  timeout: JWKS_OPTIONS.timeout,
  maxResponseSize: optional(numberFrom(1, Number.MAX_SAFE_INTEGER, { unit: "bytes", integer: true }), 65_536),
  fetch: optional(callback<Fetch>, globalFetch),
  allowHttp: optional(flag, false),
} satisfies OptionsOf<IntrospectionOptions>;

export const introspection = optionsOf(introspectionOptions);

type IntrospectionValues = Values<typeof introspectionOptions>;

/** @throws OptionsError */
export function parseIntrospection(
  values: IntrospectionValues,
  options: KeyValues & Pick<ClaimRules, "allowSenderConstrained">,
  path: string,
  context: TokenContext,
): Introspection {
  const here = at(path, "introspection");
  const endpoint = endpointOf(values, options, path, context);
  const isNamed = typeof endpoint === "string" && values.bearerToken === undefined;
  const config: IntrospectionConfig = {
    endpoint,
    outage: isNamed ? JSON.stringify([endpoint, values.clientId]) : undefined,
    credentials: credentialsOf(values, here),
    timeout: values.timeout,
    fetch: values.fetch,
    maxResponseSize: values.maxResponseSize,
    allowSenderConstrained: options.allowSenderConstrained,
  };
  return new Introspection(config, context.introspectionWatcher, context.questions);
}

function endpointOf(
  { endpoint, discover, timeout, fetch, allowHttp }: IntrospectionValues,
  options: KeyValues,
  path: string,
  { shared }: TokenContext,
): IntrospectionConfig["endpoint"] {
  const here = at(path, "introspection");
  if ((endpoint === undefined) !== discover) {
    throw new OptionsError(at(here, "endpoint"), "is required, or discover: true; exactly one of the two");
  }
  if (endpoint !== undefined) return endpointUrl(endpoint, at(here, "endpoint"), allowHttp, ADVICE);
  // With equal settings, keys that are discovered need no document of their own.
  const settings = { ...jwksSettings(options), timeout, fetch, allowHttp };
  return shared.metadata(discoverableIssuer(options, path, settings, ADVICE), settings, UNWATCHED);
}

const ADVICE = endpointAdvice("introspection");

/** Introspection reports outages of its metadata itself. */
const nothing = () => undefined;
const UNWATCHED = { failed: nothing, recovered: nothing };

/** RFC 6749 section 2.3.1, or RFC 6750 section 2.1. */
function credentialsOf(values: IntrospectionValues, path: string): () => Promise<Credentials> {
  const { clientId, clientSecret, clientAuthentication, bearerToken: bearer } = values;
  if (bearer !== undefined) {
    const other = (["clientId", "clientSecret", "clientAuthentication"] as const).find(
      (name) => values[name] !== undefined,
    );
    if (other !== undefined) throw new OptionsError(at(path, other), "cannot be combined with bearerToken");
    return async () => ({ headers: { authorization: `Bearer ${await bearerOf(bearer, path)}` } });
  }
  if (clientId === undefined && clientSecret === undefined) {
    if (clientAuthentication === undefined) return () => Promise.resolve({});
    throw new OptionsError(at(path, "clientAuthentication"), "goes with clientId and clientSecret only");
  }
  if (clientId === undefined) throw new OptionsError(at(path, "clientId"), "is required with clientSecret");
  if (clientSecret === undefined) throw new OptionsError(at(path, "clientSecret"), "is required with clientId");
  const credentials: Credentials =
    clientAuthentication === "client_secret_post"
      ? { form: { client_id: clientId, client_secret: clientSecret } }
      : { headers: { authorization: `Basic ${base64(`${formEncoded(clientId)}:${formEncoded(clientSecret)}`)}` } };
  return () => Promise.resolve(credentials);
}

async function bearerOf(given: BearerToken, path: string): Promise<string> {
  return headerText(typeof given === "function" ? await given() : given, at(path, "bearerToken"));
}

function formEncoded(value: string): string {
  return new URLSearchParams({ "": value }).toString().slice(1);
}

function base64(value: string): string {
  return Buffer.from(value).toString("base64");
}
