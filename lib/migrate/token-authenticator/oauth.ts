import type { LoginTypeOptions } from "../../login/login-type.js";
import { at, oneOf, text } from "../../support/checks.js";
import { OptionsError } from "../../support/options-error.js";
import type { Claims } from "../../tokens/claim-rules.js";
import { authorizeBy, type Rule } from "../../tokens/migrated-authorize.js";
import { type SettingsReader, yamlFlag } from "../yaml.js";
import { credentials } from "./auth.js";
import { hasRegisteredTypes, hasScopes, pathReader, scopes, TYPES_OF_CLAIMS } from "./claims.js";
import { KEY_SETTINGS, keySource } from "./keys.js";
import {
  agree,
  displayNameIn,
  isNamedAs,
  namesGiven,
  type Paths,
  type Source,
  userNamedBy,
  USUAL_REQUEST,
  valuesAt,
} from "./names.js";
import { type HostTask, LEEWAY, metadataResource, settings } from "./settings.js";
import { type Validator, validator } from "./validators.js";

const PATHS = [
  "localpart_path",
  "fq_uid_path",
  "user_id_path",
  "displayname_path",
  "admin_path",
  "email_path",
] as const satisfies readonly (keyof Paths)[];
const COMMON_SETTINGS = [...PATHS, "required_scopes", "validator"] as const;

/** What is asked of the claims of one of the two proofs. */
interface Rules {
  /** Where a setting stands. */
  readonly at: (name: string) => string;
  readonly paths: Paths;
  readonly scopes: readonly string[] | undefined;
  readonly validator: Validator;
}

export const JWT_VALIDATION_NAMES: readonly string[] = [...COMMON_SETTINGS, ...KEY_SETTINGS, "require_expiry"];
export const INTROSPECTION_VALIDATION_NAMES: readonly string[] = [...COMMON_SETTINGS, "endpoint", "auth"];
export const OAUTH_NAMES: readonly string[] = [
  "jwt_validation",
  "introspection_validation",
  "username_type",
  "registration_enabled",
  "check_external_id",
  "notify_on_registration",
  "expose_metadata_resource",
];

/** The settings of `oauth` as a login type, and what is left to the host. */
export function oauthLoginType(value: unknown, path: string): readonly [LoginTypeOptions, readonly HostTask[]] {
  const options = settings(value, path, OAUTH_NAMES, {
    [at(path, "jwt_validation")]: [...KEY_SETTINGS, "require_expiry"],
    [at(path, "introspection_validation")]: ["endpoint", "auth"],
    "jwt_validation or introspection_validation": COMMON_SETTINGS,
  });
  const jwt = options.optional("jwt_validation", (part, here) => settings(part, here, JWT_VALIDATION_NAMES));
  const introspection = options.optional("introspection_validation", (part, here) =>
    settings(part, here, INTROSPECTION_VALIDATION_NAMES),
  );
  if (jwt === undefined && introspection === undefined) {
    throw new OptionsError(options.at("jwt_validation"), "is required, or introspection_validation, or both");
  }
  const rules = { jwt: jwt && rulesOf(jwt), introspection: introspection && rulesOf(introspection) };
  assertNamesUser([rules.jwt, rules.introspection], path);
  const usernameType = options.optional("username_type", oneOf(["fq_uid", "localpart", "user_id"]));
  const sources = sourcesOf(rules);
  const loginType = {
    ...(jwt && keySource(jwt)),
    ...(introspection && {
      introspection: {
        endpoint: introspection.required("endpoint", text),
        ...introspection.optional("auth", credentials),
      },
    }),
    audience: null,
    requireExpiry: jwt?.optional("require_expiry", yamlFlag, false) ?? false,
    clockTolerance: LEEWAY,
    subjectClaim: (claims: Claims, answer?: Claims) => userNamedBy(sources(claims, answer)),
    subjectFormat: "either",
    identifier: usernameType === undefined ? "ignore" : "require",
    displayNameClaim: (claims: Claims, answer?: Claims) => displayNameIn(sources(claims, answer)),
    allowRegistration: options.optional("registration_enabled", yamlFlag, false),
    authorize: authorizeBy([
      USUAL_REQUEST,
      [
        options.at("username_type"),
        (claims, submission, answer) =>
          usernameType === undefined ||
          namesGiven(submission).every(
            (name) => typeof name === "string" && isNamedAs(usernameType, name, sources(claims, answer)),
          ),
      ],
      [TYPES_OF_CLAIMS, (claims) => jwt === undefined || hasRegisteredTypes(claims)],
      ...namedRules(rules.jwt, (claims) => claims),
      ...namedRules(rules.introspection, (_, answer) => Object(answer) as Claims),
      ...(["displayname_path", "admin_path", "email_path"] as const).map((name): Rule => [
        `${name}: both proofs must say the same`,
        (claims, _, answer) => agree(valuesAt(sources(claims, answer), name)),
      ]),
      ["iss and sub must be there, one of each", (claims, _, answer) => isIdentified([claims, answer])],
    ]),
  } as LoginTypeOptions;
  return [loginType, tasksOf(options, [jwt, introspection])];
}

function rulesOf(options: SettingsReader): Rules {
  const readerAt = (name: keyof Paths) => options.optional(name, pathReader);
  return {
    at: (name) => options.at(name),
    paths: {
      localpart_path: readerAt("localpart_path"),
      fq_uid_path: readerAt("fq_uid_path"),
      user_id_path: readerAt("user_id_path"),
      displayname_path: readerAt("displayname_path"),
      admin_path: readerAt("admin_path"),
      email_path: readerAt("email_path"),
    },
    scopes: options.optional("required_scopes", scopes),
    validator: options.optional("validator", validator, () => true),
  };
}

function assertNamesUser(all: readonly (Rules | undefined)[], path: string): void {
  const names = all.some(
    (rules) => rules?.paths.localpart_path ?? rules?.paths.fq_uid_path ?? rules?.paths.user_id_path,
  );
  if (names) return;
  throw new OptionsError(
    path,
    "must name the token's user by localpart_path, fq_uid_path or user_id_path: else any token would log in as anybody",
  );
}

/** What the claims of a token, and of the endpoint's answer to it, are to be read with. */
function sourcesOf({
  jwt,
  introspection,
}: {
  readonly jwt: Rules | undefined;
  readonly introspection: Rules | undefined;
}) {
  return (claims: Claims, answer: Claims | undefined): readonly Source[] => [
    ...(jwt ? [{ paths: jwt.paths, claims }] : []),
    ...(introspection ? [{ paths: introspection.paths, claims: answer }] : []),
  ];
}

function namedRules(
  rules: Rules | undefined,
  judged: (claims: Claims, answer: Claims | undefined) => Claims,
): readonly Rule[] {
  if (rules === undefined) return [];
  const { at, scopes, validator } = rules;
  return [
    [at("required_scopes"), (claims, _, answer) => hasScopes(scopes, judged(claims, answer))],
    [at("validator"), (claims, _, answer) => validator(judged(claims, answer))],
  ];
}

/** Who the provider says it is: one issuer and one subject, from where they are there. */
function isIdentified(all: readonly (Claims | undefined)[]): boolean {
  return ["iss", "sub"].every((name) => {
    const values = all.map((claims) => claims?.[name]).filter((value) => value !== undefined && value !== null);
    return typeof values[0] === "string" && values[0] !== "" && agree(values);
  });
}

function tasksOf(options: SettingsReader, parts: readonly (SettingsReader | undefined)[]): readonly HostTask[] {
  const tasks: HostTask[] = [];
  const add = (given: boolean | undefined, setting: string, todo: string) => {
    if (given === true) tasks.push({ setting, todo });
  };
  for (const part of parts) {
    if (part === undefined) continue;
    add(
      part.has("admin_path"),
      part.at("admin_path"),
      "in registerUser, make an administrator of whom the claim says true",
    );
    add(
      part.has("email_path"),
      part.at("email_path"),
      "in registerUser, add the e-mail address if it is nobody else's",
    );
  }
  options.optional("notify_on_registration", (value, path) => {
    const notify = settings(value, path, ["url", "auth", "interrupt_on_error"]);
    notify.required("url", text);
    notify.optional("auth", credentials);
    notify.optional("interrupt_on_error", yamlFlag);
  });
  options.optional("expose_metadata_resource", metadataResource);
  add(options.has("notify_on_registration"), options.at("notify_on_registration"), "ask that URL in registerUser");
  add(
    options.has("expose_metadata_resource"),
    options.at("expose_metadata_resource"),
    "serve it as JSON under /_famedly/login/",
  );
  const checked = options.optional("check_external_id", yamlFlag, true);
  add(
    checked,
    options.at("check_external_id"),
    "it is on there, unless set to false: give the option externalIds, with existingUsers: (user) => true if the user has none",
  );
  return tasks;
}
