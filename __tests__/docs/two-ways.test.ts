import { expect, test } from "@jest/globals";

import { problemsOf } from "../helpers/examples.js";
import { examplesOf, TWO_WAYS } from "./helpers/guides.js";

/** What the guide leaves to the reader, who has it in `host.ts`. */
const HOST = `
import type { IncomingMessage, ServerResponse } from "node:http";
interface User { readonly id: string }
const user: User | undefined = { id: "alice" };
export const db = {
  users: { find: (userId: string): Promise<User | undefined> => Promise.resolve(userId === "" ? undefined : user) },
  sessions: {
    find: (userId: string, deviceId?: string): Promise<object | undefined> => Promise.resolve({ userId, deviceId }),
  },
  refreshTokens: { create: (of: User, login: object): Promise<string> => Promise.resolve(JSON.stringify({ of, login })) },
};
export function authenticate(req: IncomingMessage, _res: ServerResponse, next: (error?: unknown) => void): void {
  next(req.headers.authorization === undefined ? new Error("no token") : undefined);
}
`;

test("the examples of the guide to the two ways compile", () => {
  const ours = examplesOf(TWO_WAYS);
  expect(Object.keys(ours).length).toBeGreaterThanOrEqual(4);
  expect(problemsOf({ host: HOST, ...ours })).toEqual([]);
}, 60_000);
