import { parseArgs } from "node:util";

import { isRemote, NO_KEY_SOURCE, sourcesIn } from "../../tokens/keys/parse-key-source.js";
import { UsageError } from "../command.js";
import { optionsIn, secretIn } from "../files.js";

const FLAGS = {
  "server-name": { type: "string" },
  options: { type: "string" },
  "login-type": { type: "string" },
  "secret-file": { type: "string", multiple: true, default: [] as string[] },
  secret: { type: "string", multiple: true, default: [] as string[] },
  "key-file": { type: "string", multiple: true },
  "jwks-uri": { type: "string" },
  "allow-http": { type: "boolean" },
  discover: { type: "boolean" },
  algorithm: { type: "string", multiple: true },
  issuer: { type: "string", multiple: true },
  audience: { type: "string", multiple: true },
  "any-audience": { type: "boolean", default: false },
  "subject-claim": { type: "string", multiple: true },
  "subject-format": { type: "string" },
  localpart: { type: "string" },
  "optional-expiry": { type: "boolean" },
  "clock-tolerance": { type: "string" },
  "max-token-length": { type: "string" },
  "max-token-age": { type: "string" },
  "token-type": { type: "string" },
  scope: { type: "string", multiple: true },
  user: { type: "string" },
  linked: { type: "string" },
  json: { type: "boolean", default: false },
  quiet: { type: "boolean", default: false },
  "no-color": { type: "boolean", default: false },
} as const;

export type CommandLine = ReturnType<typeof parseCommandLine>;

export function parseCommandLine(args: string[]) {
  return parseArgs({ args, options: FLAGS, allowPositionals: true });
}

/** A login type's options: those of the file, and over them those of the flags. The library checks them. */
export async function loginOptionsFor({
  values,
}: CommandLine): Promise<{ options: object; serverName: unknown; externalIds: unknown }> {
  const { audience, "any-audience": anyAudience, "login-type": wanted } = values;
  if (anyAudience && audience !== undefined) throw new UsageError("--audience and --any-audience exclude each other");
  const file = values.options === undefined ? {} : await optionsIn(values.options);
  const { serverName, externalIds } = file as { readonly serverName?: unknown; readonly externalIds?: unknown };
  const [loginType, fromFile] = oneLoginType(file, wanted);
  const fromFlags = {
    secret: oneOrMore([...values.secret, ...values["secret-file"].map(secretIn)]),
    keyFile: oneOrMore(values["key-file"]),
    jwksUri: values["jwks-uri"],
    discover: values.discover,
    jwksOptions: values["allow-http"] && { ...jwksOptionsOf(fromFile), allowHttp: true },
    algorithms: values.algorithm,
    issuer: oneOrMore(values.issuer),
    audience: anyAudience ? null : oneOrMore(audience),
    subjectClaim: oneOrMore(values["subject-claim"]),
    subjectFormat: values["subject-format"],
    localpart: values.localpart,
    requireExpiry: values["optional-expiry"] && false,
    clockTolerance: numberOf(values["clock-tolerance"]),
    maxTokenLength: numberOf(values["max-token-length"]),
    maxTokenAge: numberOf(values["max-token-age"]),
    tokenType: values["token-type"],
    requiredScopes: values.scope,
  };
  const given = Object.entries(fromFlags).filter(([, value]) => value !== undefined);
  if (Array.isArray(fromFile)) {
    if (given.length === 0) {
      await assertMiddlewareStarts(file, { [loginType]: fromFile }, values["server-name"]);
      return { options: fromFile, serverName, externalIds };
    }
    throw new UsageError("--options has a list of issuers, over which no other option of a login type can go");
  }
  if (values.options !== undefined && given.length === 0 && Object.keys(file).length === 0) {
    throw new UsageError("--options has no login type: fromSynapseJwtConfig makes none unless jwt_config is enabled");
  }
  const options = { ...withoutOldSource(fromFile, Object.fromEntries(given)), ...Object.fromEntries(given) };
  if (values.options === undefined && sourcesIn(options).length === 0) {
    throw new UsageError(
      `options ${NO_KEY_SOURCE}, here by --secret-file, --key-file, --jwks-uri, --discover or --options`,
    );
  }
  await assertMiddlewareStarts(file, { [loginType]: options }, values["server-name"]);
  return { options, serverName, externalIds };
}

/** A key source of the flags takes the place of the file's. */
function withoutOldSource(fromFile: object, flags: object): object {
  const [source] = sourcesIn(flags);
  if (source === undefined) return fromFile;
  const old: readonly string[] = [...sourcesIn(fromFile), ...(isRemote(source) ? [] : ["jwksOptions"])];
  return Object.fromEntries(Object.entries(fromFile).filter(([name]) => !old.includes(name)));
}

/**
 * Whoever gives all options of a middleware asks about a server, and that must start with them.
 *
 * @param judged - the options of the login type that is judged by, by its name, with what flags say
 * @throws OptionsError
 */
async function assertMiddlewareStarts(file: object, judged: object, serverName: string | undefined): Promise<void> {
  if (!["loginTypes", "findUser", "issueToken"].every((name) => Object.hasOwn(file, name))) return;
  const { loginOverHttp } = await import("../../entry-points/shared/login-over-http.js");
  const loginTypes = { ...(file as { readonly loginTypes: object }).loginTypes, ...judged };
  const all = { ...file, ...(serverName !== undefined && { serverName }), loginTypes };
  loginOverHttp(all as unknown as Parameters<typeof loginOverHttp>[0]);
}

/** The mark of an `AccessTokenVerification`. */
const OWN_TOKENS = "matrix-jwt-login.AccessTokenVerification";

/**
 * A login type's name and options, of those of the whole middleware, or of `loginTypes`. The name is empty if nothing says it.
 */
function oneLoginType(options: object, wanted: string | undefined): readonly [string, object] {
  const { loginTypes } = options as { readonly loginTypes?: object };
  const { tokens, verification } = options as { readonly tokens?: unknown; readonly verification?: unknown };
  if ([options, tokens, verification].flat().some((one) => OWN_TOKENS in (Object(one) as object))) {
    throw new UsageError(
      "--options has what createAccessTokens verifies by, which names no keys: give --jwks-uri (of its jwks) or --secret-file, " +
        "--issuer, --audience, --token-type at+jwt and --subject-format userId",
    );
  }
  if (loginTypes === undefined && "tokens" in options) {
    throw new UsageError("--options has the options of matrixBearerAuth: export what is in its `tokens`");
  }
  const types = loginTypes === undefined ? typesAmong(options, wanted) : Object.entries(loginTypes);
  const [one, ...more] = wanted === undefined ? types : types.filter(([name]) => name === wanted);
  const names = types.map(([name]) => name).join(", ");
  if (one === undefined) {
    if (wanted !== undefined) {
      throw new UsageError(
        `--login-type ${wanted} is not among those of --options: ${names === "" ? "there are none" : names}`,
      );
    }
    if (loginTypes === undefined) return ["", options];
    throw new UsageError("--options has no login type to judge a token by");
  }
  if (more.length === 0) return [one[0], Object(one[1]) as object];
  throw new UsageError(`--options has several login types: export one of ${names}, or choose it by --login-type`);
}

/** The login types of an object that may be `loginTypes`: those whose names have dots, and the one that is wanted. */
function typesAmong(options: object, wanted: string | undefined): readonly [string, unknown][] {
  const isType = ([name, value]: [string, unknown]) =>
    name.includes(".") || (name === wanted && typeof value === "object" && value !== null);
  return Array.isArray(options) ? [] : Object.entries(options).filter(isType);
}

function jwksOptionsOf(options: { readonly jwksOptions?: object }): object | undefined {
  return options.jwksOptions;
}

function oneOrMore<T>(values: readonly T[] = []): T | readonly T[] | undefined {
  return values.length > 1 ? values : values[0];
}

/** What is no number is left to the library to refuse. */
function numberOf(text: string | undefined): number | string | undefined {
  return text !== undefined && /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : text;
}
