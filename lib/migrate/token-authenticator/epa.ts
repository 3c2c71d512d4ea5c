import type { LoginTypeOptions } from "../../login/login-type.js";
import { anyObject, text } from "../../support/checks.js";
import { OptionsError } from "../../support/options-error.js";
import type { Claims } from "../../tokens/claim-rules.js";
import { authorizeBy } from "../../tokens/migrated-authorize.js";
import { type SettingsReader, yamlFlag } from "../yaml.js";
import { hasRegisteredTypes, pathReader, TYPES_OF_CLAIMS } from "./claims.js";
import { KEY_SETTINGS, keySource } from "./keys.js";
import { displayNameIn, type Source, userNamedBy, USUAL_REQUEST } from "./names.js";
import { type HostTask, LEEWAY, metadataResource, settings } from "./settings.js";
import { validator } from "./validators.js";

export const EPA_NAMES: readonly string[] = [
  "iss",
  "resource_id",
  "registration_enabled",
  "expose_metadata_resource",
  "validator",
  ...KEY_SETTINGS,
  "enc_jwk",
  "enc_jwk_file",
  "enc_jwks_endpoint",
  "localpart_path",
  "displayname_path",
  "lowercase_localpart",
];

/** The settings of `epa` as a login type, and what is left to the host. */
export function epaLoginType(value: unknown, path: string): readonly [LoginTypeOptions, readonly HostTask[]] {
  const options = settings(value, path, EPA_NAMES);
  const resource = options.required("resource_id", text);
  const isValid = options.optional("validator", validator, () => true);
  const paths = {
    localpart_path: options.required("localpart_path", pathReader),
    displayname_path: options.optional("displayname_path", pathReader),
  };
  const sources = (claims: Claims): readonly Source[] => [{ paths, claims }];
  const loginType = {
    ...keySource(options),
    decryption: decryptionKey(options),
    issuer: options.required("iss", text),
    audience: resource,
    tokenType: "at+jwt",
    requireExpiry: true,
    clockTolerance: LEEWAY,
    subjectClaim: (claims: Claims) => userNamedBy(sources(claims)),
    subjectFormat: "either",
    localpart: options.optional("lowercase_localpart", yamlFlag, false) ? "lowercase" : "as-is",
    displayNameClaim: (claims: Claims) => displayNameIn(sources(claims)),
    allowRegistration: options.optional("registration_enabled", yamlFlag, false),
    authorize: authorizeBy([
      USUAL_REQUEST,
      [TYPES_OF_CLAIMS, hasRegisteredTypes],
      // A list, of which one is enough by RFC 7519 section 4.1.3, is not enough there.
      [`${options.at("resource_id")}: aud must be this one text`, ({ aud }) => aud === resource],
      ["jti must be a text that is not empty", ({ jti }) => typeof jti === "string" && jti !== ""],
      [options.at("validator"), isValid],
    ]),
  } as LoginTypeOptions;
  return [loginType, tasksOf(options)];
}

/** Where both `enc_jwk` and `enc_jwk_file` are set, the original uses `enc_jwk`. */
function decryptionKey(options: SettingsReader): object {
  const key = options.optional("enc_jwk", anyObject);
  if (key !== undefined) return { key };
  const keyFile = options.optional("enc_jwk_file", text);
  if (keyFile !== undefined) return { keyFile };
  throw new OptionsError(options.at("enc_jwk"), "is required, or enc_jwk_file");
}

function tasksOf(options: SettingsReader): readonly HostTask[] {
  const endpoint = options.optional("enc_jwks_endpoint", text, "/.well-known/jwks.json");
  const tasks = [
    { setting: options.at("enc_jwks_endpoint"), todo: `serve jwtLogin.encryptionKeys() as JSON at ${endpoint}` },
  ];
  if (options.has("expose_metadata_resource")) {
    options.optional("expose_metadata_resource", metadataResource);
    tasks.push({ setting: options.at("expose_metadata_resource"), todo: "serve it as JSON under /_famedly/login/" });
  }
  return tasks;
}
