export { OptionsError } from "./checks/options-error.js";
export { createTokenVerifier, type TokenVerifier } from "./create-token-verifier.js";
export type { FailureLimiter, RateLimiter, RateLimits, UsedTokenLimiter } from "./guards/limiter.js";
export type { RedisClient } from "./guards/redis-leaky-buckets.js";
export { createJwtLogin, type JwtLogin } from "./jwt-login.js";
export type { Algorithm } from "./jwt/algorithms.js";
export type { ClaimLocator } from "./jwt/claim-reader.js";
export type { Claims } from "./jwt/claims.js";
export { KeysUnavailableError, TokenError, type TokenErrorCode } from "./jwt/errors.js";
export type { Fetch } from "./jwt/keys/download.js";
export type { Jwk, Jwks } from "./jwt/keys/jwk-set.js";
export type { PublicKeyInput } from "./jwt/keys/public-key.js";
export type { SecretInput } from "./jwt/keys/secret.js";
export type { DiscoverOptions, JwksOptions, KeyOptions, TokenRules, TokenVerifierOptions } from "./jwt/options.js";
export type { Logger } from "./logger.js";
export { MatrixError, type MatrixErrorOptions } from "./matrix/errors.js";
export { toLocalpart } from "./matrix/identifiers.js";
export type { LoginFlow } from "./matrix/login-flows.js";
export type { IssuedToken, LoginResponse } from "./matrix/response.js";
export type { LocalpartRule, SubjectFormat } from "./matrix/subject.js";
export { matrixJwtLogin, type MatrixJwtLogin } from "./middleware.js";
export {
  fromSynapseRcLogin,
  type SynapseRateLimit,
  type SynapseRateLimits,
  type SynapseRcLogin,
} from "./migrate/rc-login.js";
export { fromSynapseJwtConfig, type SynapseJwtConfig } from "./migrate/synapse.js";
export {
  fromTokenAuthenticatorConfig,
  type TokenAuthenticatorConfig,
  type TokenAuthenticatorJwtConfig,
} from "./migrate/token-authenticator.js";
export type { HttpOptions, MatrixJwtLoginOptions } from "./options/middleware.js";
export type { LoginTypeOptions, UserRules } from "./options/login-type.js";
export type {
  JwtLoginOptions,
  KeysErrorEvent,
  LoginContext,
  LoginEvent,
  RejectEvent,
  RejectReason,
  VerifiedLogin,
} from "./options/login.js";
