const VERSIONS = ["v3", "r0", "unstable", "api/v1"];

/** Endpoints of the client-server API, each under the versions that clients ask for. */
function under(versions: readonly string[], path: string): readonly string[] {
  return versions.map((version) => `/_matrix/client/${version}/${path}`);
}

export const LOGIN_PATHS = under(VERSIONS, "login");
/** A provider's ID may follow. */
export const SSO_REDIRECT_PATHS = under(["v3", "r0", "unstable"], "login/sso/redirect");
export const SSO_FALLBACK_PATHS = under(["v3", "r0"], "auth/m.login.sso/fallback/web");

/** Under any version: nothing else should stand there. */
export const SPECIFIED_PATHS = ["login", "login/sso/redirect", "auth/m.login.sso/fallback/web"].flatMap((path) =>
  under(VERSIONS, path),
);

/** For links that this package makes. */
export const SSO_REDIRECT_PATH = "/_matrix/client/v3/login/sso/redirect";
/** As {@link SSO_REDIRECT_PATH}. */
export const SSO_FALLBACK_PATH = "/_matrix/client/v3/auth/m.login.sso/fallback/web";
