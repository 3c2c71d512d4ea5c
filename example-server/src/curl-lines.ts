import { hs256Token } from "./signed-token.js";
import { idpPath } from "./sso.js";
import type { RunningServer } from "./server.js";

export interface CurlLine {
  readonly comment: string;
  readonly command: string;
}

/** One whose token the development provider signs. */
interface Line extends CurlLine {
  readonly byProvider?: true;
}

/** What the lines are made of. */
export type CurlSource = Pick<RunningServer, "url" | "secrets" | "identityProvider">;

const lifetimeSeconds = 3600;

/** The flows, and a login of each JWT type. */
export function firstCurlLines(source: CurlSource): CurlLine[] {
  return curlLines(source).slice(0, 3);
}

/** Commands to paste, each with a token of its own. They need curl, Node and a POSIX shell, and nothing else. */
export function curlLines({ url, secrets, identityProvider }: CurlSource): CurlLine[] {
  const api = `${url}/_matrix/client/v3`;
  const now = Math.floor(Date.now() / 1000);
  const fresh = { iat: now, exp: now + lifetimeSeconds };
  const expired = { iat: now - 2 * lifetimeSeconds, exp: now - lifetimeSeconds };

  const logIn = (submission: object): string => post(`${api}/login`, submission);
  const bySecret = (claims: object): object => ({
    type: "org.matrix.login.jwt",
    token: hs256Token({ ...fresh, ...claims }, secrets.jwtSecret),
  });
  const byJwks = (claims: object): object => ({
    type: "com.famedly.login.token",
    token: identityProvider.tokenWith({ ...fresh, ...claims }),
  });
  // RFC 9068, with the scopes of the OAuth 2.0 API (Client-Server API 1.15).
  const providerToken = identityProvider.tokenWith({
    ...fresh,
    sub: "alice",
    scope: "openid urn:matrix:client:api:* urn:matrix:client:device:CURL",
  });
  const byPassword = {
    type: "m.login.password",
    identifier: { type: "m.id.user", user: "alice" },
    password: secrets.devPassword,
  };

  const lines: readonly Line[] = [
    {
      comment: "The login flows: the server's own password login, with the two JWT logins merged in",
      command: get(`${api}/login`),
    },
    {
      comment: "JWT login with a shared secret (HS256). The user bob is registered if he is new: 200",
      command: logIn(bySecret({ sub: "bob", name: "Bob" })),
    },
    {
      comment: "JWT login with a key from the JWKS (ES256), issuer and audience checked. The user alice is known: 200",
      command: logIn(byJwks({ sub: "alice" })),
      byProvider: true,
    },
    {
      comment: "Refused, the token has expired: 403 M_FORBIDDEN",
      command: logIn(bySecret({ sub: "bob", ...expired })),
    },
    {
      comment: "Refused, this login type registers nobody and carol is unknown: 403 M_FORBIDDEN",
      command: logIn(byJwks({ sub: "carol" })),
      byProvider: true,
    },
    {
      comment: "Refused, the account is deactivated: 403 M_USER_DEACTIVATED",
      command: logIn(bySecret({ sub: "dora" })),
    },
    {
      comment: "Refused, the account is locked: 401 M_USER_LOCKED",
      command: logIn(bySecret({ sub: "louis" })),
    },
    {
      comment: "Who am I, with the access token that a JWT login gave: 200",
      command: [
        logIn(bySecret({ sub: "bob" })),
        node('"Authorization: Bearer " + answer.access_token'),
        `${curl} -H @- ${quote(`${api}/account/whoami`)}`,
      ].join(" | "),
    },
    {
      comment: "New tokens, with the refresh token that a JWT login gave: 200",
      command: [
        logIn({ ...byJwks({ sub: "alice" }), refresh_token: true }),
        node("JSON.stringify({ refresh_token: answer.refresh_token })"),
        `${curl} -d @- ${quote(`${api}/refresh`)}`,
      ].join(" | "),
      byProvider: true,
    },
    {
      comment: "To delete devices, one authenticates anew. What the server asks for: 401, with its flows and a session",
      command: [
        logIn(bySecret({ sub: "bob" })),
        node('"Authorization: Bearer " + answer.access_token'),
        `${post(`${api}/delete_devices`, { devices: ["OLD"] })} -H @-`,
      ].join(" | "),
    },
    {
      comment: "Another token is the proof, and the device is deleted: 200",
      command: [
        logIn(bySecret({ sub: "bob" })),
        node('"Authorization: Bearer " + answer.access_token'),
        `${post(`${api}/delete_devices`, { devices: ["OLD"], auth: bySecret({ sub: "bob", jti: "proof" }) })} -H @-`,
      ].join(" | "),
    },
    {
      comment: "An access token of the identity provider's own, without a login: 200",
      command: `${get(`${api}/account/whoami`)} -H ${quote(`Authorization: Bearer ${providerToken}`)}`,
      byProvider: true,
    },
    {
      comment: "Where clients get such tokens: 200",
      command: get(`${url}/_matrix/client/v1/auth_metadata`),
    },
    {
      comment: "Password login, by the handler that the server has had all along: 200",
      command: logIn(byPassword),
    },
  ];
  // Nobody here has the key of another provider.
  const isDevelopment = identityProvider.issuer.endsWith(idpPath);
  return lines
    .filter(({ byProvider }) => byProvider === undefined || isDevelopment)
    .map(({ comment, command }) => ({ comment, command }));
}

/** Each on its own line under a comment, so that people can paste them and scripts can find them. */
export function formatCurlLines(lines: readonly CurlLine[]): string {
  return lines.map(({ comment, command }) => `# ${comment}\n${command}\n`).join("\n");
}

const curl = String.raw`curl -sS -w '\n'`;

const get = (url: string): string => `${curl} ${quote(url)}`;

const post = (url: string, body: object): string => `${curl} -d ${quote(JSON.stringify(body))} ${quote(url)}`;

/** Turns the answer on standard input into something else. */
const node = (expression: string): string =>
  `node -pe ${quote(`answer = JSON.parse(require("fs").readFileSync(0)); ${expression}`)}`;

const quote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
