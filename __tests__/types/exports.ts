// Every name that the package exports, values and types. Checked by `npm run typecheck`, never run.
import type * as types from "matrix-jwt-login";

import { exactly } from "./exactly.js";

declare const value: keyof typeof types;
exactly<
  | "createAccessTokens"
  | "createBearerAuth"
  | "createFetchHandler"
  | "createJwtLogin"
  | "createKeyCache"
  | "createTokenVerifier"
  | "fromSynapseJwtConfig"
  | "fromSynapseRcLogin"
  | "fromTokenAuthenticatorConfig"
  | "IntrospectionUnavailableError"
  | "KeysUnavailableError"
  | "matrixBearerAuth"
  | "MatrixError"
  | "matrixJwtLogin"
  | "OptionsError"
  | "redisUsedTokens"
  | "TokenError"
  | "toLocalpart"
>()(value);

export type Names = readonly [
  types.AccessContext,
  types.AccessKeysErrorEvent,
  types.AccessRejectEvent,
  types.AccessRejectReason,
  types.AccessRules,
  types.AccessTokenOptions,
  types.AccessTokenRules,
  types.AccessTokens,
  types.AccessTokenSubject,
  types.AccessTokenVerification,
  types.BearerAuth,
  types.BearerAuthOptions,
  types.BearerHandler<object>,
  types.BearerHttpOptions,
  types.Algorithm,
  types.ClaimLocator,
  types.ClaimPath,
  types.Claims,
  types.ContentEncryption,
  types.DecryptionOptions,
  types.DiscoverOptions,
  types.ExternalId,
  types.ExternalIds<unknown>,
  types.FailureLimiter,
  types.Fetch,
  types.FetchContext,
  types.FetchHandler,
  types.HttpOptions,
  types.IntrospectedOptions,
  types.IntrospectionOptions,
  types.IssuedToken,
  types.IssueOptions,
  types.Jwk,
  types.Jwks,
  types.JwksOptions,
  types.JwtLogin,
  types.JwtLoginOptions<unknown>,
  types.KeyManagement,
  types.KeyCache,
  types.KeyOptions,
  types.KeysErrorEvent,
  types.LocalpartRule,
  types.Logger,
  types.LoginContext,
  types.LoginEvent,
  types.LoginFlow,
  types.LoginResponse,
  types.LoginTypeOptions,
  types.MatrixAccess,
  types.MatrixBearerAuth,
  types.MatrixBearerAuthOptions,
  types.MatrixErrorOptions,
  types.MatrixJwtLogin,
  types.MatrixJwtLoginOptions<unknown>,
  types.NodeRequest,
  types.NodeResponse,
  types.OptionalBearerAuth,
  types.PrivateKeyInput,
  types.PublicKeyInput,
  types.RateLimiter,
  types.RateLimits,
  types.RedisClient,
  types.RedisStoreClient,
  types.RefusalReason,
  types.RejectEvent,
  types.RejectReason,
  types.SecretInput,
  types.SubjectFormat,
  types.SynapseJwtConfig,
  types.SynapseRateLimit,
  types.SynapseRateLimits,
  types.SynapseRcLogin,
  types.TokenAuthenticatorAuth,
  types.TokenAuthenticatorConfig,
  types.TokenAuthenticatorEpaConfig,
  types.TokenAuthenticatorJwtConfig,
  types.TokenAuthenticatorOauthConfig,
  types.TokenAuthenticatorOidcConfig,
  types.TokenAuthenticatorValidator,
  types.TokenErrorCode,
  types.TokenRules,
  types.TokenVerifier,
  types.TokenVerifierOptions,
  types.UsedTokenStore,
  types.UserRules,
  types.VerifiedLogin,
];

export const responses: readonly types.LoginResponse[] = [
  { user_id: "@alice:example.org", access_token: "a token", device_id: "ABC", home_server: "example.org" },
  // @ts-expect-error -- several clients fail without device_id
  { user_id: "@alice:example.org", access_token: "a token", home_server: "example.org" },
];
