import { endpointAdvice, endpointUrl, type RemoteSettings } from "../../remote/metadata.js";
import type { Fetch } from "../../remote/request.js";
import {
  at,
  callback,
  type Check,
  flag,
  moreThanZero,
  numberFrom,
  oneOrMore,
  seconds,
  text,
} from "../../support/checks.js";
import { optional, type OptionsOf, optionsOf, type Values } from "../../support/options.js";
import { OptionsError } from "../../support/options-error.js";
import type { TokenContext } from "../context.js";
import type { DiscoverOptions, JwksOptions, KeyOptions, TokenRules } from "../options.js";
import { givenJwks } from "./configured-jwks.js";
import { KeyFile } from "./key-file.js";
import { anyOf, fixedKeys, type KeySource, telling } from "./key-source.js";
import { notFile } from "./pem.js";
import { publicKey } from "./public-key.js";
import { secretKey } from "./secret.js";

/** Seconds that a timer can still count: 2^31 - 1 milliseconds. */
const LONGEST_TIMER = 2_147_483;

/** Looked up at each call, as the host may set another one later (undici's `install`, a test). */
export const globalFetch: Fetch = (url, init) => fetch(url, init);

export const JWKS_OPTIONS = {
  cacheMaxAge: optional(moreThanZero(seconds(0)), 600),
  staleIfError: optional(seconds(0), 86_400),
  cooldown: optional(seconds(0, LONGEST_TIMER), 5),
  timeout: optional(moreThanZero(seconds(0, LONGEST_TIMER)), 5),
  maxResponseSize: optional(numberFrom(1, Number.MAX_SAFE_INTEGER, { unit: "bytes", integer: true }), 1_048_576),
  fetch: optional(callback<Fetch>, globalFetch),
  allowHttp: optional(flag, false),
} satisfies OptionsOf<JwksOptions>;

const jwksOptions = optionsOf(JWKS_OPTIONS);

/** To be checked where its keys are used. */
const given: Check<unknown> = (value) => value;

export const urlOrText: Check<URL | string> = (value, path) => (value instanceof URL ? value : text(value, path));

/** With the path of the option, for later errors. */
export const keyFilePath: Check<{ readonly file: string; readonly path: string }> = (file, path) => ({
  file: text(file, path),
  path,
});

/** Names, checks and defaults of the options of key sources. */
export const KEY_OPTIONS = {
  secret: optional(oneOrMore(secretKey)),
  publicKey: optional(oneOrMore(notFile(publicKey, "keyFile"))),
  keyFile: optional(oneOrMore(keyFilePath)),
  jwksUri: optional(urlOrText),
  jwks: optional(given),
  discover: optional(flag, false),
  jwksOptions: optional(jwksOptions),
} satisfies OptionsOf<KeyOptions & Pick<DiscoverOptions, "discover"> & Pick<TokenRules, "jwksOptions">>;

/** Checked options that say where keys come from, `issuer` among them as `discover` needs it. */
export type KeyValues = Values<typeof KEY_OPTIONS> & { readonly issuer: string | readonly string[] | undefined };

const ADVICE = endpointAdvice("jwksOptions");

type SourceOf<Value> = (value: Value, options: KeyValues, path: string, context: TokenContext) => KeySource;

type SourcesByName = {
  readonly [Name in Exclude<keyof typeof KEY_OPTIONS, "jwksOptions">]: SourceOf<Exclude<KeyValues[Name], undefined>>;
};

/** How each option that names a key source makes it. */
const SOURCES: SourcesByName = {
  secret: (secrets) => fixedKeys(secrets),
  publicKey: (keys) => fixedKeys(keys),
  keyFile: (files, _options, _path, { watcher }) =>
    anyOf(files.map(({ file, path }) => new KeyFile(file, path, watcher))),
  jwksUri(uri, options, path, { shared, watcher }) {
    const settings = jwksSettings(options);
    return shared.source(endpointUrl(uri, at(path, "jwksUri"), settings.allowHttp, ADVICE), settings, watcher);
  },
  jwks: (jwks, _options, path) => givenJwks(jwks, at(path, "jwks")),
  discover(_, options, path, { shared, watcher }) {
    const settings = jwksSettings(options);
    return shared.discovered(discoverableIssuer(options, path, settings), settings, watcher);
  },
};

/** The option that a key source is given by. */
export type SourceName = keyof typeof SOURCES;

const SOURCE_NAMES = Object.keys(SOURCES) as readonly SourceName[];

/** Are its keys fetched, as `jwksOptions` say? */
export function isRemote(name: SourceName): boolean {
  return name === "jwksUri" || name === "discover";
}

/** What is wrong with options without keys. */
export const NO_KEY_SOURCE = `has no key source; give one of ${SOURCE_NAMES.join(", ")}`;

/** @throws OptionsError unless exactly one key source is given, and is right */
export function parseKeySource(options: KeyValues, path: string, context: TokenContext): KeySource {
  const [name, second] = sourcesIn(options);
  if (name === undefined) {
    throw new OptionsError(path, NO_KEY_SOURCE);
  }
  if (second !== undefined) {
    throw new OptionsError(at(path, second), `cannot be combined with ${name}: a login type has one key source`);
  }
  if (!isRemote(name) && options.jwksOptions !== undefined) {
    throw new OptionsError(at(path, "jwksOptions"), "goes with jwksUri or discover only");
  }
  const { watcher } = context;
  const sourceOf = SOURCES[name] as SourceOf<unknown>;
  return telling(sourceOf(options[name], options, path, context), (describe) => watcher.passedOver?.(describe));
}

/** The names of the key sources that are given. */
export function sourcesIn(options: Readonly<Partial<Record<SourceName, unknown>>>): readonly SourceName[] {
  return SOURCE_NAMES.filter(
    (name) => options[name] !== undefined && !(name === "discover" && options[name] === false),
  );
}

/** How a login type's keys, and its issuer's metadata, are asked for and kept. */
export function jwksSettings(options: Pick<KeyValues, "jwksOptions">): RemoteSettings {
  return options.jwksOptions ?? jwksOptions({}, "jwksOptions");
}

/**
 * OpenID Connect Discovery 1.0 section 3: an issuer is a URL without query and fragment.
 */
export function discoverableIssuer(
  { issuer }: KeyValues,
  path: string,
  { allowHttp }: RemoteSettings,
  advice = ADVICE,
): string {
  const here = at(path, "issuer");
  if (issuer === undefined) throw new OptionsError(here, "is required with discover");
  if (typeof issuer !== "string") throw new OptionsError(here, "must be one issuer, not a list, with discover");
  endpointUrl(issuer, here, allowHttp, advice);
  if (/[?#\s]/.test(issuer)) {
    throw new OptionsError(here, "must have no query, no fragment and no white space with discover");
  }
  if (issuer.endsWith("/.well-known/openid-configuration")) {
    throw new OptionsError(here, "must be the issuer alone, without /.well-known/openid-configuration");
  }
  return issuer;
}
