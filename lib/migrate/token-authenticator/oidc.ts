import type { LoginTypeOptions } from "../../login/login-type.js";
import { type Check, listOf, text } from "../../support/checks.js";
import { authorizeBy } from "../../tokens/migrated-authorize.js";
import { yamlFlag } from "../yaml.js";
import { basic } from "./auth.js";
import { id, LEEWAY, settings } from "./settings.js";

const ROLES: readonly string[] = ["User", "OrgAdmin"];

export const OIDC_NAMES: readonly string[] = [
  "issuer",
  "client_id",
  "client_secret",
  "project_id",
  "organization_id",
  "allowed_client_ids",
  "allow_registration",
];

/** The settings of `oidc` as a login type: Zitadel's tokens. */
export function oidcLoginType(value: unknown, path: string): LoginTypeOptions {
  const options = settings(value, path, OIDC_NAMES);
  const issuer = options.required("issuer", text);
  const project = options.required("project_id", id);
  const roles = `urn:zitadel:iam:org:project:${project}:roles`;
  const clients = options.optional("allowed_client_ids", oneClientOrMore);
  options.optional("organization_id", id);
  return {
    issuer,
    introspection: {
      discover: true,
      ...basic(options.required("client_id", id), options.required("client_secret", text)),
    },
    audience: null,
    requireExpiry: false,
    clockTolerance: LEEWAY,
    subjectClaim: "localpart",
    identifier: "require",
    allowRegistration: options.optional("allow_registration", yamlFlag, false),
    authorize: authorizeBy([
      // The answer itself must name the issuer: claims without one got the configured issuer.
      [
        `${options.at("issuer")}: the endpoint's answer must name it as iss`,
        (_, _submission, answer) => answer?.iss === issuer,
      ],
      [`${options.at("project_id")}: no role in it that lets a user in`, (claims) => hasRole(claims[roles])],
      [
        options.at("allowed_client_ids"),
        (claims) => clients === undefined || clients.some((client) => client === claims["client_id"]),
      ],
    ]),
  };
}

const oneClientOrMore: Check<readonly string[]> = (value, path) => {
  return Array.isArray(value) ? listOf(id)(value, path) : [id(value, path)];
};

function hasRole(roles: unknown): boolean {
  if (typeof roles !== "object" || roles === null) return false;
  return (Array.isArray(roles) ? roles : Object.keys(roles)).some((role) =>
    (ROLES as readonly unknown[]).includes(role),
  );
}
