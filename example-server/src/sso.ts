import type { SsoOptions } from "matrix-jwt-login";

import type { Config } from "./config.js";
import { developmentProvider } from "./identity-provider.js";
import { exampleUsers, partnerUsers, type DevelopmentUser } from "./idp/users.js";
import type { InteractiveAuthSessions } from "./interactive-auth-sessions.js";
import { isLoopback } from "./loopback.js";
import type { Metrics } from "./metrics.js";
import type { Secrets } from "./secrets.js";
import type { Sessions } from "./sessions.js";

const ssoPath = "/_matrix/client/unstable/org.matrix-jwt-login/sso";
/** Where the provider for development is. */
export const idpPath = "/idp";

/** An identity provider that people sign in with. */
interface SsoProvider {
  readonly id: string;
  readonly name: string;
  readonly issuer: string;
  readonly registers: boolean;
}

interface DevelopmentProvider extends Omit<SsoProvider, "issuer"> {
  readonly path: string;
  readonly users: readonly DevelopmentUser[];
}

export interface SingleSignOn {
  readonly providers: readonly SsoProvider[];
  /** What is served of them here. */
  readonly routers: ReturnType<typeof developmentProvider>[];
}

/** Somebody else's identity provider, or one or two for development, on this server. */
export function identityProviders(
  { identityProvider, registerUsers: registers, ssoClientId }: Config,
  { idpKey, ssoClientSecret }: Secrets,
  serverUrl: string,
  baseUrl: string,
): SingleSignOn {
  const main = { id: "example", name: "Example", registers };
  const example: DevelopmentProvider = { ...main, path: idpPath, users: exampleUsers };
  const partner: DevelopmentProvider = {
    id: "partner",
    name: "Partner",
    path: "/partner-idp",
    users: partnerUsers,
    registers: true,
  };
  // The replica that is the identity provider of all.
  const isOwn = identityProvider === serverUrl + idpPath;
  if (identityProvider !== undefined && !isOwn) {
    return { providers: [{ ...main, issuer: identityProvider }], routers: [] };
  }
  const development = isOwn ? [example] : [example, partner];
  return {
    providers: development.map(({ id, name, path, registers }) => ({ id, name, issuer: serverUrl + path, registers })),
    routers: development.map(({ id, path, users }) =>
      developmentProvider({
        serverUrl,
        path,
        privateKeyPem: idpKey,
        users,
        matrixServer: {
          id: ssoClientId,
          secret: ssoClientSecret,
          redirectUri: `${baseUrl}${ssoPath}/callback/${id}`,
          logoutUri: `${serverUrl}${ssoPath}/logout`,
        },
      }),
    ),
  };
}

export interface SsoParts {
  readonly baseUrl: string;
  readonly providers: readonly SsoProvider[];
  readonly clientId: string;
  readonly clientSecret: string;
  readonly secret: string;
  readonly trustedClients: readonly string[];
  readonly sessions: Sessions;
  readonly authSessions: InteractiveAuthSessions;
  readonly metrics: Metrics;
}

/** Is it the provider for development, of this process or of another replica on this machine? */
export function isForDevelopment(issuer: string): boolean {
  return isLoopback(issuer) && issuer.endsWith(idpPath);
}

/** Undefined where browsers would send what they must keep secret over plain HTTP. */
export function ssoOptions(parts: SsoParts): SsoOptions | undefined {
  const { baseUrl, providers, clientId, clientSecret, secret, trustedClients, sessions, authSessions, metrics } = parts;
  if (!/^https:\/\//i.test(baseUrl) && !isLoopback(baseUrl)) return undefined;
  return {
    publicBaseUrl: baseUrl,
    secret,
    callbackPath: `${ssoPath}/callback`,
    identityProviders: Object.fromEntries(
      providers.map(({ id, name, issuer, registers }) => [
        id,
        {
          name,
          issuer,
          clientId,
          clientSecret,
          subjectClaim: "preferred_username",
          displayNameClaim: "name",
          allowRegistration: registers,
          jwksOptions: metrics.jwksOptions,
        },
      ]),
    ),
    trustedClients: [`${baseUrl}/`, ...trustedClients],
    backchannelLogout: { path: `${ssoPath}/logout`, endSessions: (logout) => sessions.endSignIns(logout) },
    interactiveAuth: {
      sessionOf: (session) => authSessions.show(session),
      complete: (session, { type }) => authSessions.complete({ sessionId: session }, type),
    },
  };
}
