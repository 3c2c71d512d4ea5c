import { setTimeout as sleep } from "node:timers/promises";

import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import {
  createBearerAuth,
  IntrospectionUnavailableError,
  type AccessKeysErrorEvent,
  type BearerAuth,
} from "matrix-jwt-login";

import { movableClock, type Clock } from "../helpers/clock.js";
import { rejection } from "../helpers/core.js";
import { serve } from "../helpers/hosts.js";
import { send } from "../helpers/http-client.js";
import { SECRET } from "../helpers/keys.js";
import { accessToken, auth, bearer, guarded } from "./helpers/guarded.js";

/** What a token is answered with, by its text; nothing: 500. */
let answers: Map<string, object>;
let questions: string[];
let endpoint: string;
let close: () => Promise<void>;
let clock: Clock;

beforeEach(async () => {
  answers = new Map();
  questions = [];
  const server = await serve((req, res) => {
    let body = "";
    req.on("data", (chunk: Buffer) => (body += chunk.toString()));
    req.on("end", () => {
      const token = String(new URLSearchParams(body).get("token"));
      questions.push(token);
      const answer = answers.get(token);
      res.writeHead(answer === undefined ? 500 : 200, { "Content-Type": "application/json" });
      res.end(JSON.stringify(answer));
    });
  });
  ({ close } = server);
  endpoint = `${server.url}/introspect`;
  clock = movableClock();
});
afterEach(async () => {
  clock.restore();
  await close();
});

const ACTIVE = { active: true, sub: "alice", aud: "matrix", scope: "urn:matrix:client:device:PHONE" };
const opaque = () => ({ introspection: { endpoint }, audience: "matrix" });

const check = (tokens: object = opaque(), options: object = {}): BearerAuth =>
  createBearerAuth({ serverName: "example.org", tokens: tokens as never, logger: false, ...options });

describe("an opaque token", () => {
  test("is asked about once, also by concurrent first uses, and again after maxAge", async () => {
    answers.set("opaque", ACTIVE);
    const { authenticate } = check();
    const all = await Promise.all(Array.from({ length: 10 }, () => authenticate("Bearer opaque")));
    expect(all[0]).toMatchObject({ userId: "@alice:example.org", deviceId: "PHONE" });
    await authenticate("Bearer opaque");
    expect(questions).toHaveLength(1);
    clock.move(121);
    await authenticate("Bearer opaque");
    expect(questions).toHaveLength(2);
  });

  test("is asked about once for concurrent first uses, though the limiter lets them in one by one", async () => {
    answers.set("opaque", ACTIVE);
    answers.set("revoked", { active: false });
    let calls = 0;
    const failures = {
      consume: async () => {
        calls += 1;
        await sleep(20 * (calls % 3));
      },
      reward: () => undefined,
    };
    const { authenticate } = check(opaque(), { rateLimits: { failures } });
    const ip = "192.0.2.1";
    await Promise.all(Array.from({ length: 6 }, () => authenticate("Bearer opaque", { ip })));
    expect(questions).toEqual(["opaque"]);
    await Promise.all(Array.from({ length: 6 }, () => rejection(authenticate("Bearer revoked", { ip }))));
    expect(questions).toEqual(["opaque", "revoked"]);
  });

  test("that is not active is refused with a soft logout, and not asked about again for 5 seconds", async () => {
    answers.set("opaque", { active: false });
    const { authenticate } = check();
    for (let i = 0; i < 3; i += 1) {
      expect(await rejection(authenticate("Bearer opaque"))).toMatchObject({
        errcode: "M_UNKNOWN_TOKEN",
        fields: { soft_logout: true },
      });
    }
    expect(questions).toHaveLength(1);
    answers.set("opaque", ACTIVE);
    clock.move(5);
    expect(await authenticate("Bearer opaque")).toMatchObject({ localpart: "alice" });
  });

  test("that can't be asked about is 503 with Retry-After, told to onKeysError, and asked about again at once", async () => {
    const events: AccessKeysErrorEvent[] = [];
    const { ask } = await guarded(
      auth([], { tokens: opaque(), onKeysError: (event: AccessKeysErrorEvent) => events.push(event) }),
    );
    const answer = await ask("Bearer opaque");
    expect([answer.status, answer.json["errcode"]]).toEqual([503, "M_UNKNOWN"]);
    expect(answer.headers["retry-after"]).toBe("5");
    expect(events).toEqual([{ source: "introspection", error: expect.any(IntrospectionUnavailableError) }]);
    answers.set("opaque", ACTIVE);
    expect((await ask("Bearer opaque")).status).toBe(200);
  });

  test("stays 503 if the user is optional", async () => {
    const { ask } = await guarded(auth([], { tokens: opaque() }).optional);
    expect((await ask("Bearer opaque")).status).toBe(503);
  });

  test("is kept if many that are not active come", async () => {
    answers.set("opaque", ACTIVE);
    const { authenticate } = check(opaque(), { cache: { maxEntries: 2 } });
    await authenticate("Bearer opaque");
    for (let i = 0; i < 10; i += 1) {
      answers.set(`forged${String(i)}`, { active: false });
      await rejection(authenticate(`Bearer forged${String(i)}`));
    }
    await authenticate("Bearer opaque");
    expect(questions.filter((token) => token === "opaque")).toHaveLength(1);
  });

  const six = `${accessToken()}.d.e.f`;

  test.each([["opaque"], ["a.b.c"], [accessToken({ iss: "x" })], [six.slice(0, -2)], [six]])(
    "is ours with introspection, though other tokens are the host's: %p",
    async (text) => {
      answers.set(text, { active: false });
      const { ask } = await guarded(auth([], { tokens: opaque(), otherTokens: "next" }));
      expect((await ask(bearer(text))).status).toBe(401);
      expect((await ask()).json).toEqual({ reached: true, has: false });
    },
  );
});

test.each(["alone", "beside a key source"])(
  "authorize may change the answer that it is given: introspection %s",
  async (how) => {
    const issuer = "https://id.example.org";
    const text = accessToken({ iss: issuer });
    answers.set(text, { active: true, sub: "alice", iss: issuer, nested: { a: 1 } });
    const authorize = (_claims: unknown, _submission: unknown, answer: { nested: { a: number }; sub: string }) => {
      answer.nested.a += 1;
      answer.sub = "bob";
      return answer.nested.a === 2;
    };
    const source = how === "alone" ? { audience: null } : { secret: SECRET, issuer };
    const { authenticate } = check({ ...source, introspection: { endpoint }, authorize });
    expect(await authenticate(bearer(text))).toMatchObject({ userId: "@alice:example.org" });
  },
);

describe("an answer about somebody else", () => {
  test("is not kept: the next request asks again", async () => {
    const issuer = "https://id.example.org";
    const text = accessToken({ iss: issuer });
    const { authenticate } = check({ secret: SECRET, issuer, introspection: { endpoint } });
    answers.set(text, { active: true, sub: "bob" });
    expect(await rejection(authenticate(bearer(text)))).toMatchObject({ statusCode: 401 });
    answers.set(text, { active: true, sub: "alice" });
    expect(await authenticate(bearer(text))).toMatchObject({ userId: "@alice:example.org" });
  });
});

describe("a JWT, then introspected", () => {
  const tokens = () => ({ secret: SECRET, issuer: "https://id.example.org", introspection: { endpoint } });
  const text = accessToken({ iss: "https://id.example.org" });

  test("is asked about once, and refused once it is found to be revoked", async () => {
    answers.set(text, { active: true });
    const { authenticate } = check(tokens());
    await authenticate(bearer(text));
    await authenticate(bearer(text));
    expect(questions).toHaveLength(1);
    answers.set(text, { active: false });
    clock.move(121);
    expect(await rejection(authenticate(bearer(text)))).toMatchObject({ fields: { soft_logout: true } });
  });

  test("is not kept past the end that the endpoint names", async () => {
    const start = Math.floor(Date.now() / 1_000);
    // Stopped, as the end is a whole second.
    clock.stopAt(start);
    answers.set(text, { active: true, exp: start + 10 });
    const { authenticate } = check(tokens());
    await authenticate(bearer(text));
    clock.move(69);
    await authenticate(bearer(text));
    expect(questions).toHaveLength(1);
    clock.move(2);
    await authenticate(bearer(text));
    expect(questions).toHaveLength(2);
  });

  test("is not asked about if it is forged", async () => {
    const { authenticate } = check(tokens());
    await rejection(authenticate(bearer(`${text.slice(0, -4)}AAAA`)));
    expect(questions).toEqual([]);
  });
});

test("auth_metadata is that of the issuer that introspection is discovered by", async () => {
  const { url, close: stop } = await serve((_, res) => {
    res.setHeader("Content-Type", "application/json");
    res.end(JSON.stringify({ issuer: url, introspection_endpoint: `${url}/introspect` }));
  });
  const { metadata } = auth([], { tokens: { issuer: url, introspection: { discover: true }, audience: null } });
  const { url: host } = await guarded(metadata);
  const path = "/_matrix/client/v1/auth_metadata";
  expect((await send(host, { method: "GET", path })).json).toMatchObject({ issuer: url });
  await stop();
});

describe("auth_metadata is fetched as what needs it is fetched", () => {
  const ISSUER = "https://id.example.org";
  const path = "/_matrix/client/v1/auth_metadata";
  const serving = () =>
    jest.fn(() =>
      Promise.resolve(
        Response.json({ issuer: ISSUER, jwks_uri: `${ISSUER}/keys`, introspection_endpoint: `${ISSUER}/introspect` }),
      ),
    );
  const askedOf = async (tokens: object) => {
    const { url: host } = await guarded(auth([], { tokens: { issuer: ISSUER, audience: null, ...tokens } }).metadata);
    return (await send(host, { method: "GET", path })).json;
  };

  test("by the fetch of introspection, if that alone is discovered", async () => {
    const fetch = serving();
    expect(await askedOf({ introspection: { discover: true, fetch } })).toMatchObject({ issuer: ISSUER });
    expect(fetch).toHaveBeenCalledTimes(1);
  });

  test("by the fetch of the keys, if these are discovered", async () => {
    const [ofKeys, ofIntrospection] = [serving(), serving()];
    const introspection = { endpoint: `${ISSUER}/introspect`, fetch: ofIntrospection };
    const tokens = { discover: true, jwksOptions: { fetch: ofKeys }, introspection };
    expect(await askedOf(tokens)).toMatchObject({ issuer: ISSUER });
    expect([ofKeys.mock.calls.length, ofIntrospection.mock.calls.length]).toEqual([1, 0]);
  });
});
