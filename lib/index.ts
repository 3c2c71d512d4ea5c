export { createBearerAuth, type BearerAuth } from "./entry-points/bearer-auth.js";
export type {
  AccessContext,
  AccessKeysErrorEvent,
  AccessRejectEvent,
  AccessRejectReason,
  AccessRules,
  AccessTokenRules,
  BearerAuthOptions,
  BearerHttpOptions,
  MatrixAccess,
  TokenCacheOptions,
  VerifiedAccess,
} from "./access/options.js";
export {
  matrixBearerAuth,
  type BearerHandler,
  type MatrixBearerAuth,
  type MatrixBearerAuthOptions,
  type OptionalBearerAuth,
} from "./entry-points/bearer-middleware.js";
export {
  createAccessTokens,
  type AccessTokenOptions,
  type AccessTokens,
  type AccessTokenSubject,
  type AccessTokenVerification,
  type IssueOptions,
} from "./access/create-access-tokens.js";
export { OptionsError } from "./support/options-error.js";
export { createTokenVerifier, type TokenVerifier, type TokenVerifierContext } from "./entry-points/token-verifier.js";
export type { FailureLimiter, RateLimiter, RateLimits } from "./limits/limiter.js";
export { redisUsedTokens, type RedisStoreClient } from "./limits/redis-used-tokens.js";
export type { UsedTokenStore } from "./limits/used-tokens.js";
export type { RedisClient } from "./migrate/redis-leaky-buckets.js";
export { createFetchHandler, type FetchContext, type FetchHandler } from "./entry-points/fetch-handler.js";
export { createJwtLogin, type JwtLogin, type JwtLoginOptions } from "./entry-points/create-jwt-login.js";
export type { Algorithm } from "./tokens/algorithms.js";
export type { ClaimLocator } from "./tokens/claim-reader.js";
export type { Claims } from "./tokens/claim-rules.js";
export { IntrospectionUnavailableError, KeysUnavailableError } from "./remote/errors.js";
export { TokenError, type TokenErrorCode } from "./tokens/errors.js";
export type { Fetch, FetchInit, FetchResponse } from "./remote/request.js";
export type { KeyManagement } from "./tokens/keys/decryption-key.js";
export type { ContentEncryption } from "./tokens/proofs/encrypted.js";
export type { Jwk, Jwks } from "./tokens/keys/jwk.js";
export type { PrivateKeyInput } from "./tokens/keys/private-key.js";
export type { PublicKeyInput } from "./tokens/keys/public-key.js";
export { createKeyCache, type KeyCache } from "./tokens/keys/shared-jwks.js";
export type { SecretInput } from "./tokens/keys/secret.js";
export type {
  DecryptionOptions,
  DiscoverOptions,
  IntrospectedOptions,
  IntrospectionOptions,
  JwksOptions,
  KeyOptions,
  TokenRules,
  TokenVerifierOptions,
  KeysErrorEvent,
} from "./tokens/options.js";
export type { Logger } from "./support/logger.js";
export type { RefusalReason } from "./support/refusal.js";
export { MatrixError, type MatrixErrorOptions } from "./matrix/errors.js";
export { toLocalpart } from "./matrix/identifiers.js";
export type { IdentityProvider, LoginFlow } from "./matrix/login-flows.js";
export type { IssuedToken, LoginResponse } from "./matrix/response.js";
export type { LocalpartRule, SubjectFormat } from "./matrix/subject.js";
export { matrixJwtLogin, type MatrixJwtLogin, type MatrixJwtLoginOptions } from "./entry-points/login-middleware.js";
export type { NodeRequest, NodeResponse } from "./http/node/request.js";
export {
  fromSynapseRcLogin,
  type SynapseRateLimit,
  type SynapseRateLimits,
  type SynapseRcLogin,
} from "./migrate/rc-login.js";
export type { SsoAnswer } from "./sso/answer.js";
export type {
  BackchannelLogoutOptions,
  InteractiveAuthOptions,
  InteractiveAuthSession,
  SsoLogout,
  SsoOptions,
  SsoProvider,
} from "./sso/options.js";
export type { SsoPage, SsoPageAction } from "./sso/page.js";
export type { SsoRequest } from "./sso/parts.js";
export type { SingleSignOn } from "./sso/single-sign-on.js";
export { fromSynapseJwtConfig, type SynapseJwtConfig } from "./migrate/synapse.js";
export type {
  TokenAuthenticatorAuth,
  TokenAuthenticatorConfig,
  TokenAuthenticatorEpaConfig,
  TokenAuthenticatorJwtConfig,
  TokenAuthenticatorOauthConfig,
  TokenAuthenticatorOidcConfig,
  TokenAuthenticatorValidator,
} from "./migrate/token-authenticator/config.js";
export { fromTokenAuthenticatorConfig } from "./migrate/token-authenticator/from-config.js";
export type { ClaimPath } from "./migrate/token-authenticator/claims.js";
export type { HttpOptions } from "./http/options.js";
export type { LoginTypeOptions, UserRules } from "./login/login-type.js";
export type {
  ExternalId,
  ExternalIds,
  LoginContext,
  LoginEvent,
  RejectEvent,
  RejectReason,
  SsoLogin,
  VerifiedLogin,
} from "./login/options.js";
