import {
  callback,
  flag,
  numberFrom,
  objectWith,
  oneOrMore,
  OptionReader,
  text,
  type Check,
} from "../../checks/checks.js";
import { OptionsError } from "../../checks/options-error.js";
import type { JwksOptions, KeyOptions } from "../options.js";
import { anyOf } from "./any-of.js";
import type { Fetch } from "./download.js";
import { fixedKeys } from "./fixed-keys.js";
import { inlineJwks } from "./inline-jwks.js";
import type { JwksSettings } from "./jwks.js";
import { KeyFile } from "./key-file.js";
import type { KeySource, KeyWatcher } from "./key-source.js";
import { publicKey } from "./public-key.js";
import { secretKey } from "./secret.js";
import type { SharedJwks } from "./shared-jwks.js";

/** What the key sources of one host have in common. */
export interface KeyContext {
  readonly shared: SharedJwks;
  readonly watcher: KeyWatcher;
}

type SourceName = keyof KeyOptions;
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
    return shared.source(options.required("jwksUri", endpoint(settings.allowHttp)), settings, watcher);
  },
  jwks: (options) => options.required("jwks", inlineJwks),
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

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;
/** Seconds that a timer can still count: 2^31 - 1 milliseconds. */
const LONGEST_TIMER = 2_147_483;

/** @throws OptionsError unless exactly one key source is given, and is right */
export function parseKeySource(options: OptionReader, context: KeyContext): KeySource {
  const [name, second] = SOURCE_NAMES.filter((source) => options.has(source));
  if (name === undefined) {
    throw new OptionsError(options.path, `has no key source; give one of ${SOURCE_NAMES.join(", ")}`);
  }
  if (second !== undefined) {
    throw new OptionsError(options.at(second), `must not stand beside ${name}: a login type has one key source`);
  }
  if (name !== "jwksUri" && options.has("jwksOptions")) {
    throw new OptionsError(options.at("jwksOptions"), "goes with jwksUri only");
  }
  return SOURCES[name](options, context);
}

function jwksSettings(options: OptionReader): JwksSettings & { readonly allowHttp: boolean } {
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

function endpoint(allowHttp: boolean): Check<string> {
  return (value, path) => {
    const url = value instanceof URL ? value : parseUrl(text(value, path), path);
    const mayBeHttp = allowHttp || LOOPBACK.test(url.hostname);
    if (url.protocol !== "https:" && !(url.protocol === "http:" && mayBeHttp)) {
      throw new OptionsError(
        path,
        "must be an https: URL (http: is for loopback hosts, or with jwksOptions.allowHttp)",
      );
    }
    if (url.username !== "" || url.password !== "") {
      throw new OptionsError(path, "must not hold a user name or password; send them through jwksOptions.fetch");
    }
    return url.href;
  };
}

function parseUrl(url: string, path: string): URL {
  if (URL.canParse(url)) return new URL(url);
  throw new OptionsError(path, "must be a URL, e.g. https://idp.example.org/jwks");
}
