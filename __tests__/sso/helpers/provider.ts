import { createHash, randomUUID } from "node:crypto";
import type { ServerResponse } from "node:http";

import express, { type RequestHandler } from "express";

import { serve } from "../../helpers/hosts.js";
import { jwk, RSA } from "../../helpers/keys.js";
import { inSeconds, signed, type TokenParts } from "../../helpers/tokens.js";

type Json = Readonly<Record<string, unknown>>;
type Step = "discovery" | "authorize" | "token" | "jwks" | "userinfo";

export const CLIENT = { id: "matrix", secret: "a client secret: with / special & characters" };
const KID = "key-1";

/** An OpenID Connect provider that signs alice in at once, and whose every answer a test may change. */
export interface TestProvider {
  readonly issuer: string;
  /** The authorization requests, and what came to the token endpoint. */
  readonly authorizations: readonly URLSearchParams[];
  readonly exchanges: readonly { readonly form: URLSearchParams; readonly authorization: string | undefined }[];
  /** From now on this step answers so; without a handler, as it should. */
  readonly fault: (step: Step, handler?: RequestHandler) => void;
  /** Members of the discovery document, of the authorization response, of ID tokens (undefined: left out), of UserInfo. */
  document: Json;
  response: Readonly<Record<string, string | undefined>>;
  claims: Json;
  tokenParts: TokenParts;
  userInfo: Json;
  /** Makes a logout token for alice, as the specification wants it, but for these claims. */
  readonly logoutToken: (claims?: Json, parts?: TokenParts) => string;
  readonly close: () => Promise<void>;
}

export async function serveProvider(port = 0): Promise<TestProvider> {
  const faults = new Map<Step, RequestHandler>();
  const codes = new Map<string, URLSearchParams>();
  const authorizations: URLSearchParams[] = [];
  const exchanges: { form: URLSearchParams; authorization: string | undefined }[] = [];
  const app = express();
  const step = (name: Step, handler: RequestHandler): RequestHandler => {
    return (req, res, next) => (faults.get(name) ?? handler)(req, res, next);
  };
  const { url: issuer, close } = await serve(app, port);

  app.get(
    "/.well-known/openid-configuration",
    step("discovery", (_, res) => {
      res.json({
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        userinfo_endpoint: `${issuer}/userinfo`,
        jwks_uri: `${issuer}/jwks`,
        authorization_response_iss_parameter_supported: true,
        ...provider.document,
      });
    }),
  );
  app.get(
    "/jwks",
    step("jwks", (_, res) => {
      res.json({ keys: [jwk(RSA, { kid: KID, use: "sig" })] });
    }),
  );
  app.get(
    "/authorize",
    step("authorize", (req, res) => {
      const parameters = new URL(req.originalUrl, issuer).searchParams;
      authorizations.push(parameters);
      const code = randomUUID();
      codes.set(code, parameters);
      const back = new URL(parameters.get("redirect_uri") ?? "");
      const answer = { code, state: parameters.get("state"), iss: issuer, ...provider.response };
      for (const [name, value] of Object.entries(answer)) if (value != null) back.searchParams.set(name, value);
      res.redirect(back.href);
    }),
  );
  app.post(
    "/token",
    express.text({ type: "*/*" }),
    step("token", (req, res) => {
      const form = new URLSearchParams(req.body as string);
      exchanges.push({ form, authorization: req.headers.authorization });
      const code = form.get("code") ?? "";
      const asked = codes.get(code);
      codes.delete(code);
      const challenge = createHash("sha256")
        .update(form.get("code_verifier") ?? "")
        .digest("base64url");
      if (asked?.get("code_challenge") !== challenge || asked.get("redirect_uri") !== form.get("redirect_uri")) {
        res.status(400).json({ error: "invalid_grant", error_description: "no such code" });
        return;
      }
      res.json({ access_token: "an access token", token_type: "Bearer", id_token: idToken(asked) });
    }),
  );
  app.get(
    "/userinfo",
    step("userinfo", (_, res) => {
      res.json({ sub: "alice", ...provider.userInfo });
    }),
  );

  const signedBy = (claims: Json, { header, ...parts }: TokenParts = {}): string =>
    signed(claims, { algorithm: "RS256", header: { kid: KID, ...header }, ...parts });
  const idToken = (asked: URLSearchParams): string => {
    const { tokenParts } = provider;
    const claims = {
      iss: issuer,
      sub: "alice",
      aud: CLIENT.id,
      exp: inSeconds(300),
      iat: inSeconds(0),
      nonce: asked.get("nonce"),
      auth_time: inSeconds(0),
      sid: "session-1",
      name: "Alice",
      ...provider.claims,
    };
    return signedBy(claims, tokenParts);
  };
  const provider: TestProvider = {
    issuer,
    authorizations,
    exchanges,
    fault: (name, handler) => {
      if (handler === undefined) faults.delete(name);
      else faults.set(name, handler);
    },
    document: {},
    response: {},
    claims: {},
    tokenParts: {},
    userInfo: {},
    logoutToken: (claims = {}, parts = {}) =>
      signedBy(
        {
          iss: issuer,
          aud: CLIENT.id,
          iat: inSeconds(0),
          exp: inSeconds(120),
          jti: randomUUID(),
          sub: "alice",
          sid: "session-1",
          events: { "http://schemas.openid.net/event/backchannel-logout": {} },
          ...claims,
        },
        { ...parts, header: { typ: "logout+jwt", ...parts.header } },
      ),
    close,
  };
  return provider;
}

/** Ways in which a server does not answer as it should. */
export const SERVER_FAULTS: readonly (readonly [string, RequestHandler])[] = [
  ["resets the connection", (req) => void req.socket.resetAndDestroy()],
  ["never answers", () => undefined],
  ["answers 500", (_, res: ServerResponse) => void res.writeHead(500).end("{}")],
  ["answers HTML", (_, res: ServerResponse) => void res.setHeader("Content-Type", "text/html").end("<html></html>")],
  ["answers no object", (_, res: ServerResponse) => void res.setHeader("Content-Type", "application/json").end("null")],
  ["redirects", (_, res: ServerResponse) => void res.writeHead(302, { Location: "/elsewhere" }).end()],
  [
    "answers too much",
    (_, res: ServerResponse) =>
      void res.setHeader("Content-Type", "application/json").end(`"${"x".repeat(2_000_000)}"`),
  ],
];
