// The host's own type of a user, inferred from findUser. Checked by `npm run typecheck`, never run.
import type { Request } from "express";
import {
  createJwtLogin,
  matrixJwtLogin,
  type MatrixJwtLoginOptions,
  type NodeRequest,
  type VerifiedLogin,
} from "matrix-jwt-login";

import { exactly } from "./exactly.js";

interface Account {
  readonly id: string;
  readonly locked: boolean;
}

declare const find: (userId: string) => Account | undefined;

const common = { serverName: "example.org", loginTypes: { "org.matrix.login.jwt": { secret: "a secret" } } };

export const inferred = createJwtLogin({
  ...common,
  findUser: (userId, login) => {
    exactly<VerifiedLogin>()(login);
    return find(userId);
  },
  registerUser: (userId) => ({ id: userId, locked: false }),
  issueToken: (user, login) => {
    exactly<Account>()(user);
    exactly<unknown>()(login.claims.sub);
    return { accessToken: user.id };
  },
});

export const fromPromises = createJwtLogin({
  ...common,
  findUser: (userId) => Promise.resolve(find(userId) ?? null),
  registerUser: (userId) => Promise.resolve({ id: userId, locked: false }),
  issueToken: async (user) => {
    exactly<Account>()(user);
    return Promise.resolve({ accessToken: user.id, expiresInMs: 60_000 });
  },
});

export const asMiddleware = matrixJwtLogin({
  ...common,
  findUser: (userId, login) => {
    exactly<NodeRequest>()(login.req);
    return find(userId);
  },
  issueToken: (user, login) => {
    exactly<Account>()(user);
    exactly<NodeRequest>()(login.req);
    return { accessToken: user.id };
  },
  onLogin: ({ req }) => {
    exactly<NodeRequest>()(req);
  },
  clientAddress: (req) => {
    exactly<NodeRequest>()(req);
    return req.headers.forwarded;
  },
});

// Who names the request need not name the user.
export const underExpress = matrixJwtLogin({
  ...common,
  findUser: (userId: string, login: VerifiedLogin<Request>) => {
    exactly<Request>()(login.req);
    return find(userId);
  },
  issueToken: (user, login) => {
    exactly<Account>()(user);
    exactly<Request>()(login.req);
    return { accessToken: user.id };
  },
  onLogin: ({ req }) => {
    exactly<Request>()(req);
  },
});
export const bothNamed = matrixJwtLogin<Account, Request>({
  ...common,
  findUser: find,
  issueToken: (user, { req }) => ({ accessToken: `${user.id} ${String(req.ip)}` }),
});

export const named: MatrixJwtLoginOptions<Account> = {
  ...common,
  findUser: find,
  issueToken: ({ id }) => ({ accessToken: id }),
};

export const wrongRegistration = createJwtLogin({
  ...common,
  findUser: find,
  // @ts-expect-error -- what registers a user must give one of findUser's
  registerUser: (userId) => ({ name: userId }),
  issueToken: (user) => ({ accessToken: user.id }),
});

export const noUser = createJwtLogin({
  ...common,
  findUser: find,
  // @ts-expect-error -- a user of findUser's has no such member
  issueToken: (user) => ({ accessToken: String(user.token) }),
});
