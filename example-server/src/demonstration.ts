import { Router, type RequestHandler } from "express";
import { MatrixError } from "matrix-jwt-login";

import { methodNotAllowed } from "./errors.js";
import { explain } from "./explain-command.js";
import type { ExternalIds } from "./external-ids.js";
import { exampleUsers } from "./idp/users.js";
import type { IdentityProvider } from "./identity-provider.js";
import { providerLoginType as loginType } from "./jwt-login.js";
import { isLoopback } from "./loopback.js";
import { badRequest, isCleanText, jsonObject, readJson, requiredString } from "./request-body.js";
import type { Users } from "./users.js";

export interface DemonstrationParts {
  readonly serverName: string;
  readonly users: Users;
  readonly externalIds: ExternalIds;
  readonly identityProvider: IdentityProvider;
}

/** As long as those of the curl lines: who reads the page first must not find them expired. */
const lifetimeSeconds = 3_600;

/**
 * What the page at `/` shows of logins. For development alone: it hands out tokens, as the identity provider for development
 * does to anybody at this machine: pages of other origins, which the CORS headers of the rest of the server let read everything, get
 * none.
 *
 * @param loginTypes - their options by name
 */
export function demonstration(parts: DemonstrationParts, loginTypes: Readonly<Record<string, object>>): Router {
  const { identityProvider, serverName } = parts;
  const router = Router({ caseSensitive: true, strict: true });
  router.use("/demonstration", ofThisMachine);
  router
    .route("/demonstration")
    .get((_request, response) => {
      const samples = samplesOf(identityProvider);
      response
        .set("Cache-Control", "no-store")
        .json({ issuer: identityProvider.issuer, login_type: loginType, samples });
    })
    .all(methodNotAllowed);
  router
    .route("/demonstration/token")
    .post(readJson, (request, response) => {
      const sub = requiredString(jsonObject(request), "sub");
      // Whoever can sign in there could have one; of others' accounts it knows nothing.
      if (!exampleUsers.some(({ subject }) => subject === sub)) {
        throw new MatrixError("M_NOT_FOUND", "The identity provider has no such user", { statusCode: 404 });
      }
      response
        .set("Cache-Control", "no-store")
        .json({ login_type: loginType, token: freshToken(identityProvider, sub) });
    })
    .all(methodNotAllowed);
  router
    .route("/demonstration/explain")
    .post(readJson, async (request, response) => {
      const body = jsonObject(request);
      const type = requiredString(body, "type");
      const options = Object.hasOwn(loginTypes, type) ? loginTypes[type] : undefined;
      if (options === undefined) throw badRequest("M_INVALID_PARAM", "type must be a login type that takes tokens");
      const token = requiredString(body, "token");
      const explanation = await explain(token, options, serverName, await isKnown(token, type, parts));
      if (explanation === undefined) {
        throw new MatrixError("M_LIMIT_EXCEEDED", "Others are asking: try again in a moment", { statusCode: 429 });
      }
      response.set("Cache-Control", "no-store").json(explanation);
    })
    .all(methodNotAllowed);
  return router;
}

/** By `Host` as well: a stranger's name may have been made to lead here (DNS rebinding). */
const ofThisMachine: RequestHandler = ({ headers: { host, origin } }, _response, next) => {
  if (isLoopback(`http://${String(host)}`) && (origin === undefined || isLoopback(origin))) next();
  else next(new MatrixError("M_FORBIDDEN", "This is for pages of this machine", { statusCode: 403 }));
};

function samplesOf(provider: IdentityProvider) {
  const now = Math.floor(Date.now() / 1_000);
  const good = freshToken(provider, "alice");
  const [header, , signature] = good.split(".");
  // As if whoever has a token could make it last.
  const forged = Buffer.from(JSON.stringify({ ...claimsOf(good), exp: now + 365 * 86_400 })).toString("base64url");
  const old = { iat: now - 7_200, exp: now - 3_600 };
  const fresh = { iat: now, exp: now + lifetimeSeconds };
  return [
    { name: "Good", token: good },
    { name: "Expired", token: provider.tokenWith({ sub: "alice", ...old }) },
    { name: "Tampered with", token: `${String(header)}.${forged}.${String(signature)}` },
    {
      name: "For another audience",
      token: provider.tokenWith({ sub: "alice", ...fresh, aud: "https://other.example" }),
    },
    { name: "Of somebody without an account", token: freshToken(provider, "carol") },
  ];
}

function freshToken(provider: IdentityProvider, sub: string): string {
  const now = Math.floor(Date.now() / 1_000);
  return provider.tokenWith({ sub, iat: now, exp: now + lifetimeSeconds });
}

/** Whose token it is by its own word: what the command assumes of the account, and nothing else, hangs on it. */
async function isKnown(token: string, type: string, { users, externalIds, serverName }: DemonstrationParts) {
  const { iss, sub } = claimsOf(token);
  if (typeof sub !== "string" || !isCleanText(sub)) return false;
  if (type === loginType && typeof iss === "string" && isCleanText(iss)) {
    if ((await externalIds.find({ issuer: iss, subject: sub })) !== undefined) return true;
  }
  return (await users.find(`@${sub}:${serverName}`)) !== undefined;
}

function claimsOf(token: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(Buffer.from(String(token.split(".")[1]), "base64url").toString())) as Record<
      string,
      unknown
    >;
  } catch {
    return {};
  }
}
