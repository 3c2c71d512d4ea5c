import { expect, test } from "@jest/globals";
import type { Request, RequestHandler, Response } from "express";

import { goodLogin, send, valuesOf, type Received, type Sending } from "../../helpers/http-client.js";
import { LOGIN_PATH, LOGIN_TYPE } from "../../helpers/login.js";

export const JSON_TYPE = { "Content-Type": "application/json" };

/** What the host itself says, and no word of ours. */
export const PASSWORD_FLOW = { type: "m.login.password" };
export const LOGGED_IN = { user_id: "@alice:example.org", access_token: "by password", device_id: "DEVICE" };
const WRONG_PASSWORD = { errcode: "M_FORBIDDEN", error: "Wrong password" };
const UNKNOWN_TYPE = { errcode: "M_UNKNOWN", error: "Unknown login type" };

export const flowsOfHost: RequestHandler = (_req, res) => {
  res.json({ flows: [PASSWORD_FLOW] });
};

/** The login that the host had before; it finds the body parsed. */
export const passwordLogin = (req: Request, res: Response): void => {
  const { status, body } = answerTo(req.body);
  res.status(status).json(body);
};

/** Status and body of a login that is not ours. */
export function answerTo(submission: unknown): { readonly status: number; readonly body: object } {
  const { type, password } = submission as Readonly<Record<string, unknown>>;
  if (type !== PASSWORD_FLOW.type) return { status: 400, body: UNKNOWN_TYPE };
  return password === "open sesame" ? { status: 200, body: LOGGED_IN } : { status: 403, body: WRONG_PASSWORD };
}

export function passwordSubmission(password = "open sesame"): string {
  return JSON.stringify({ type: PASSWORD_FLOW.type, identifier: { type: "m.id.user", user: "alice" }, password });
}

export interface Expected {
  /** Default: the spec's. */
  readonly path?: string;
  /** Default: the host's own and ours. */
  readonly flows?: readonly object[];
}

/** All that clients do at a login endpoint, each way of it: the host's own and ours. */
export function servesEveryLogin(start: () => Promise<string>, expected: Expected = {}): void {
  const { path = LOGIN_PATH, flows = [PASSWORD_FLOW, { type: LOGIN_TYPE }] } = expected;
  const ask = async (sending: Sending): Promise<Received> => send(await start(), { path, ...sending });

  test("GET lists the host's flows and ours", async () => {
    for (const coding of ["gzip, deflate, br", "identity"]) {
      const answer = await ask({ method: "GET", headers: { "Accept-Encoding": coding } });
      expect(answer.status).toBe(200);
      expect(answer.json).toEqual({ flows });
      expect(valuesOf(answer, "Content-Length")).toEqual([String(answer.bytes.length)]);
      expect(valuesOf(answer, "Access-Control-Allow-Origin")).toHaveLength(1);
    }
    expect(await ask({ method: "HEAD" })).toMatchObject({ status: 200, text: "" });
  });

  test("a page of another origin may log in", async () => {
    const headers = { Origin: "https://app.example.org", "Access-Control-Request-Method": "POST" };
    const answer = await ask({ method: "OPTIONS", headers });
    expect(answer.status).toBe(204);
    expect(valuesOf(answer, "Access-Control-Allow-Origin")).toHaveLength(1);
  });

  test.each([
    ["with a length", (body: string) => body],
    ["chunked", (body: string) => [body]],
  ])("logins of each type get their answer: %s", async (_, sent) => {
    const post = async (body: string): Promise<object> => {
      const { status, json } = await ask({ body: sent(body), headers: JSON_TYPE });
      return { status, json };
    };
    expect(await post(goodLogin())).toMatchObject({ status: 200, json: { access_token: "an access token" } });
    expect(await post(JSON.stringify({ type: LOGIN_TYPE, token: "forged" }))).toMatchObject({ status: 403 });
    expect(await post(passwordSubmission())).toEqual({ status: 200, json: LOGGED_IN });
    expect(await post(passwordSubmission("x"))).toEqual({ status: 403, json: WRONG_PASSWORD });
    expect(await post('{"type":"com.example.other"}')).toEqual({ status: 400, json: UNKNOWN_TYPE });
  });
}
