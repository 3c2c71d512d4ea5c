// Options that are right, and wrong ones that must not compile. Checked by `npm run typecheck`, never run.
import {
  createTokenVerifier,
  fromSynapseJwtConfig,
  fromSynapseRcLogin,
  fromTokenAuthenticatorConfig,
  MatrixError,
  matrixJwtLogin,
  redisUsedTokens,
  type LoginTypeOptions,
  type MatrixJwtLoginOptions,
} from "matrix-jwt-login";
import { Redis } from "ioredis";
import { RateLimiterMemory } from "rate-limiter-flexible";

const callbacks = {
  findUser: (userId: string) => ({ id: userId }),
  issueToken: (user: { readonly id: string }) => ({ accessToken: user.id }),
};

// What is declared once and for all is as good as what is written in place.
const constant = {
  serverName: "example.org",
  loginTypes: {
    "org.matrix.login.jwt": {
      jwksUri: "https://idp.example.org/jwks",
      algorithms: ["RS256", "ES256", "EdDSA"],
      issuer: ["https://idp.example.org", "https://other.example"],
      audience: ["matrix", "chat"],
      subjectClaim: ["user", "name"],
      displayNameClaim: (claims: Readonly<Record<string, unknown>>) => String(claims["name"]),
      requiredScopes: ["matrix"],
      localpart: "lowercase",
    },
    "com.famedly.login.token": { secret: ["new", "old"], audience: null, identifier: "require" },
  },
  flows: "replace",
} as const;

const limiter = new RateLimiterMemory({ points: 5, duration: 60 });

export const fromConstants = matrixJwtLogin({
  ...constant,
  ...callbacks,
  rateLimits: { address: limiter, account: limiter, failures: limiter },
  usedTokens: redisUsedTokens(new Redis(), { prefix: "used:" }),
  externalIds: {
    find: () => undefined,
    link: (_id, userId, login) => userId === login.userId,
    existingUsers: (user) => user.id !== "@admin:example.org",
  },
  logger: console,
});
// What a database answers is ignored where nothing is asked of it.
const rows = (): Promise<{ readonly count: number }> => Promise.resolve({ count: 1 });
export const overDatabase: Pick<MatrixJwtLoginOptions<unknown>, "usedTokens" | "sso"> = {
  usedTokens: { claim: async () => (await rows()).count === 1, release: () => rows() },
  sso: {
    publicBaseUrl: "https://matrix.example.org",
    secret: "at least 32 bytes that nobody knows",
    identityProviders: {},
    backchannelLogout: { path: "/logout", endSessions: () => rows() },
    interactiveAuth: {
      sessionOf: async () => ((await rows()).count === 1 ? { userId: "@alice:example.org", description: null } : null),
      complete: () => rows(),
    },
  },
};
export const fromConfigurations = [
  fromSynapseJwtConfig({ enabled: true, secret: "a secret", algorithm: "HS256", audiences: ["matrix"] } as const),
  fromSynapseJwtConfig(null),
  fromTokenAuthenticatorConfig({ jwt: { secret: "a secret", require_expiry: false } } as const),
  fromTokenAuthenticatorConfig({ secret: "a secret", require_expiracy: false }),
];
export const limits: MatrixJwtLoginOptions<unknown>["rateLimits"] = fromSynapseRcLogin({
  address: { per_second: 0.1 },
});

// @ts-expect-error -- findUser and issueToken are required
export const noCallbacks = matrixJwtLogin(constant);
export const misspelled = matrixJwtLogin({
  ...constant,
  ...callbacks,
  // @ts-expect-error -- the option is called unknownLoginType
  unknownLoginTypes: "reject",
});
export const misspelledRule = createTokenVerifier({
  secret: "a secret",
  // @ts-expect-error -- the option is called audience
  audiences: ["matrix"],
});

const wrong = { secret: "a secret" } satisfies LoginTypeOptions;
export const wrongRules: readonly LoginTypeOptions[] = [
  // @ts-expect-error -- a secret is no number
  { secret: 5 },
  // @ts-expect-error -- none is no algorithm
  { ...wrong, algorithms: ["none"] },
  // @ts-expect-error -- a list of algorithms
  { ...wrong, algorithms: "HS256" },
  // @ts-expect-error -- a number of seconds
  { ...wrong, clockTolerance: "60s" },
  // @ts-expect-error -- null is for audience alone
  { ...wrong, issuer: null },
  // @ts-expect-error -- lowercase
  { ...wrong, localpart: "lower" },
  // @ts-expect-error -- localpart, userId or either
  { ...wrong, subjectFormat: "email" },
  // @ts-expect-error -- ignore, match or require
  { ...wrong, identifier: true },
  // @ts-expect-error -- anything but true refuses a token, so say which
  { ...wrong, authorize: () => "yes" },
  // @ts-expect-error -- left out, not undefined
  { ...wrong, maxTokenAge: undefined },
];

type Options = MatrixJwtLoginOptions<{ readonly id: string }>;
/** What the middleware may be given for an option of its own that is not meant. */
export const notGiven: Options = {
  ...{ ...constant, ...callbacks },
  ...{
    registerUser: undefined,
    rateLimits: undefined,
    usedTokens: undefined,
    externalIds: undefined,
    logger: undefined,
  },
  ...{ wellKnown: undefined, onLogin: undefined, onReject: undefined, onKeysError: undefined, keyCache: undefined },
  ...{ flows: undefined, unknownLoginType: undefined, bodyLimit: undefined, cors: undefined, clientAddress: undefined },
  sso: undefined,
};
const right: Options = { ...constant, ...callbacks };
export const wrongOptions: readonly Options[] = [
  // @ts-expect-error -- merge or replace
  { ...right, flows: "add" },
  // @ts-expect-error -- a number of bytes
  { ...right, bodyLimit: "64kb" },
  // @ts-expect-error -- false for none
  { ...right, logger: null },
  // @ts-expect-error -- accessToken, as it is no answer of the API yet
  { ...right, issueToken: () => ({ access_token: "an access token" }) },
  // @ts-expect-error -- a limiter, not its settings
  { ...right, rateLimits: { address: { points: 5, duration: 60 } } },
  // @ts-expect-error -- a limit of failures takes back what it took
  { ...right, rateLimits: { failures: { consume: () => Promise.resolve() } } },
  // @ts-expect-error -- a store, not a limiter
  { ...right, usedTokens: limiter },
  // @ts-expect-error -- a store of used tokens can forget one
  { ...right, usedTokens: { claim: () => true } },
  // @ts-expect-error -- true or false
  { ...right, usedTokens: { claim: () => "OK", release: () => undefined } },
  // @ts-expect-error -- false for none
  { ...right, externalIds: null },
  // @ts-expect-error -- refuse, link or a function
  { ...right, externalIds: { find: () => undefined, link: () => true, existingUsers: true } },
];

// @ts-expect-error -- a status is a number
export const wrongError = new MatrixError("M_FORBIDDEN", "No", { statusCode: "403" });
