import {
  callback,
  flag,
  numberFrom,
  objectWith,
  oneOrMore,
  OptionReader,
  text,
  type Check,
} from "../../support/checks.js";
import { OptionsError } from "../../support/options-error.js";
import type { JwksOptions, KeyOptions } from "../options.js";
import { anyOf } from "./any-of.js";
import { endpointUrl } from "../../remote/endpoint-url.js";
import type { RemoteSettings } from "../../remote/metadata.js";
import type { Fetch } from "../../remote/request.js";
import { fixedKeys } from "./fixed-keys.js";
import { inlineJwks } from "./inline-jwks.js";
import { KeyFile } from "./key-file.js";
import type { KeyWatcher } from "../../remote/watchers.js";
import type { KeySource } from "./key-source.js";
import { publicKey } from "./public-key.js";
import { secretKey } from "./secret.js";
import type { SharedJwks } from "./shared-jwks.js";

/** What the key sources of one host have in common. */
export interface KeyContext {
  readonly shared: SharedJwks;
  readonly watcher: KeyWatcher;
}

type SourceName = keyof KeyOptions | "discover";
type SourceParser = (options: OptionReader, context: KeyContext) => KeySource;

const SOURCES: Readonly<Record<SourceName, SourceParser>> = {
  secret: (options) => fixedKeys(options.required("secret", oneOrMore(secretKey))),
  publicKey: (options) => fixedKeys(options.required("publicKey", oneOrMore(publicKey))),
  keyFile: (options, { watcher }) =>
    anyOf(
      options.required(
        "keyFile",
        oneOrMore((file, path) => new KeyFile(text(file, path), path, watcher)),
      ),
    ),
  jwksUri: (options, { shared, watcher }) => {
    const settings = jwksSettings(options);
    const uri = options.required("jwksUri", (value, path) => endpointUrl(value, path, settings.allowHttp));
    return shared.source(uri, settings, watcher);
  },
  jwks: (options) => options.required("jwks", inlineJwks),
  discover: (options, { shared, watcher }) => {
    const settings = jwksSettings(options);
    const issuer = options.required("issuer", (value, path) => discoverableIssuer(value, path, settings.allowHttp));
    return shared.discovered(issuer, settings, watcher);
  },
};

const SOURCE_NAMES = Object.keys(SOURCES) as readonly SourceName[];
const JWKS_OPTION_NAMES = [
  "cacheMaxAge",
  "staleIfError",
  "cooldown",
  "timeout",
  "maxResponseSize",
  "fetch",
  "allowHttp",
] as const satisfies readonly (keyof JwksOptions)[];

/** Seconds that a timer can still count: 2^31 - 1 milliseconds. */
const LONGEST_TIMER = 2_147_483;

/** @throws OptionsError unless exactly one key source is given, and is right */
export function parseKeySource(options: OptionReader, context: KeyContext): KeySource {
  const discover = options.optional("discover", flag, false);
  const [name, second] = SOURCE_NAMES.filter((source) => (source === "discover" ? discover : options.has(source)));
  if (name === undefined) {
    throw new OptionsError(options.path, `has no key source; give one of ${SOURCE_NAMES.join(", ")}`);
  }
  if (second !== undefined) {
    throw new OptionsError(options.at(second), `must not stand beside ${name}: a login type has one key source`);
  }
  if (name !== "jwksUri" && name !== "discover" && options.has("jwksOptions")) {
    throw new OptionsError(options.at("jwksOptions"), "goes with jwksUri or discover only");
  }
  return SOURCES[name](options, context);
}

/** A login type's `jwksOptions`: also how its issuer's metadata is asked for and kept. */
export function jwksSettings(options: OptionReader): RemoteSettings {
  const given = options.optional("jwksOptions", objectWith(JWKS_OPTION_NAMES), {});
  const reader = new OptionReader(given, options.at("jwksOptions"));
  const seconds = (min: number, max = Number.MAX_SAFE_INTEGER) => numberFrom(min, max, { unit: "seconds" });
  return {
    cacheMaxAge: reader.optional("cacheMaxAge", moreThanZero(seconds(0)), 600),
    staleIfError: reader.optional("staleIfError", seconds(0), 86_400),
    cooldown: reader.optional("cooldown", seconds(0, LONGEST_TIMER), 1),
    timeout: reader.optional("timeout", moreThanZero(seconds(0, LONGEST_TIMER)), 5),
    maxResponseSize: reader.optional(
      "maxResponseSize",
      numberFrom(1, Number.MAX_SAFE_INTEGER, { unit: "bytes", integer: true }),
      1_048_576,
    ),
    fetch: reader.optional("fetch", callback<Fetch>, globalFetch),
    allowHttp: reader.optional("allowHttp", flag, false),
  };
}

/** Looked up at each call, as the host may set another one later (undici's `install`, a test). */
const globalFetch: Fetch = (url, init) => fetch(url, init);

function moreThanZero(check: Check<number>): Check<number> {
  return (value, path) => {
    if (check(value, path) > 0) return value as number;
    throw new OptionsError(path, "must be more than 0 seconds");
  };
}

/** OpenID Connect Discovery 1.0 section 3: an issuer is a URL without query and fragment. */
function discoverableIssuer(value: unknown, path: string, allowHttp: boolean): string {
  if (Array.isArray(value)) throw new OptionsError(path, "must be one issuer, not a list, with discover");
  const issuer = text(value, path);
  endpointUrl(issuer, path, allowHttp);
  if (/[?#\s]/.test(issuer)) {
    throw new OptionsError(path, "must have no query, no fragment and no white space with discover");
  }
  return issuer;
}
