import type { LoginTypeOptions } from "../../login/login-type.js";
import { anyObject, kindOf, unknownOption } from "../../support/checks.js";
import type { Inner } from "../../support/options.js";
import { OptionsError } from "../../support/options-error.js";
import type { TokenAuthenticatorConfig } from "./config.js";
import { EPA_NAMES, epaLoginType } from "./epa.js";
import { FLAT_NAMES, flatJwtLoginType, JWT_NAMES, jwtLoginType } from "./jwt.js";
import { INTROSPECTION_VALIDATION_NAMES, JWT_VALIDATION_NAMES, OAUTH_NAMES, oauthLoginType } from "./oauth.js";
import { OIDC_NAMES, oidcLoginType } from "./oidc.js";
import { type HostTask, settings, warnOfHostTasks } from "./settings.js";

type Part = (value: unknown, path: string) => readonly [LoginTypeOptions, readonly HostTask[]];

const PARTS = {
  jwt: ["com.famedly.login.token", (value, path) => [jwtLoginType(value, path), []]],
  oidc: ["com.famedly.login.token.oidc", (value, path) => [oidcLoginType(value, path), []]],
  oauth: ["com.famedly.login.token.oauth", oauthLoginType],
  epa: ["com.famedly.login.token.epa", epaLoginType],
} as const satisfies Readonly<Record<string, readonly [string, Part]>>;

const NAMES = Object.keys(PARTS);
/** Where the settings belong. */
const PLACES: Inner = {
  jwt: JWT_NAMES,
  oidc: OIDC_NAMES,
  oauth: OAUTH_NAMES,
  "oauth.jwt_validation": JWT_VALIDATION_NAMES,
  "oauth.introspection_validation": INTROSPECTION_VALIDATION_NAMES,
  epa: EPA_NAMES,
};
const AROUND = ["server_name", "modules", "module", "config"];

/**
 * Login types with the rules of Synapse Token Authenticator 0.13, from its own configuration: those of `jwt`, `oidc`,
 * `oauth` and `epa` that are there.
 *
 * What only the host can act on (`admin_path`, `email_path`, `notify_on_registration`, `expose_metadata_resource`,
 * `enc_jwks_endpoint`, `check_external_id`) is named once by `process.emitWarning`, code `MATRIX_JWT_LOGIN_HOST_TASK`.
 *
 * @param config - the module's `config` as it stands in the YAML
 * @throws OptionsError for settings with which the module would refuse to start, and for what is not safe
 */
export function fromTokenAuthenticatorConfig(config: TokenAuthenticatorConfig): Record<string, LoginTypeOptions> {
  const meant = "give what is under `config` of the module's entry in Synapse's `modules`";
  const kind = kindOf(config);
  if (["undefined", "null", "a list"].includes(kind)) {
    throw new OptionsError("", `must be an object, not ${kind}: ${meant}`);
  }
  const given = anyObject(config, "");
  if ("module" in given && "config" in given) {
    throw new OptionsError("", "is a whole entry of Synapse's `modules`: give what is under its `config`");
  }
  const around = AROUND.find((name) => name in given);
  if (around !== undefined) throw unknownOption(around, NAMES, `; ${meant}`);
  const names = Object.keys(given);
  const isFlat = names.length === 0 || names.some((name) => FLAT_NAMES.includes(name));
  if (isFlat && !names.some((name) => NAMES.includes(name))) {
    return { [PARTS.jwt[0]]: flatJwtLoginType(config, placesFor([])) };
  }
  const options = settings(config, "", NAMES, placesFor(names));
  const loginTypes: Record<string, LoginTypeOptions> = {};
  const tasks: HostTask[] = [];
  for (const [name, [loginType, make]] of Object.entries(PARTS)) {
    // As there, an empty part counts as none; but one of `jwt` is no less than a mistake.
    const made = options.optional(name, (value, path) =>
      isEmpty(value) && name !== "jwt" ? undefined : make(value, path),
    );
    if (made === undefined) continue;
    loginTypes[loginType] = made[0];
    tasks.push(...made[1]);
  }
  // Nothing at all is configured.
  if (Object.keys(loginTypes).length === 0 && "jwt" in config) anyObject(config.jwt, "jwt");
  warnOfHostTasks(tasks);
  return loginTypes;
}

/** Where a setting at the top belongs: in one of the parts that are there, if any is, and only if one place takes it. */
function placesFor(given: readonly string[]): Inner {
  const parts = NAMES.filter((name) => given.includes(name));
  const places = Object.entries(PLACES).filter(
    ([place]) => parts.length === 0 || parts.includes(place.replace(/\..*/, "")),
  );
  const all = places.flatMap(([, names]) => names);
  return Object.fromEntries(
    places.map(([place, names]) => [place, names.filter((name) => all.indexOf(name) === all.lastIndexOf(name))]),
  );
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
