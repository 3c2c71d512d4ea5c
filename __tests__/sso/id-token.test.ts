import { tokenContexts } from "../../lib/tokens/context.js";
import { describe, expect, test } from "@jest/globals";

import { parseLoginRules } from "../../lib/login/login-type.js";
import { checkSignedInSince, verifyIdToken } from "../../lib/sso/id-token.js";
import type { Provider, SignIn } from "../../lib/sso/parts.js";
import { STRICT } from "../../lib/tokens/steps.js";
import { rejection, thrownBy } from "../helpers/core.js";
import { SECRET } from "../helpers/keys.js";
import { inSeconds, token } from "../helpers/tokens.js";

const CLIENT = "matrix";
const loginRules = parseLoginRules(
  { secret: SECRET, audience: CLIENT },
  "",
  tokenContexts({ keyCache: undefined, logger: console, onKeysError: undefined })("m.login.sso"),
);
const provider = (config: object = {}): Provider =>
  ({ config: { clientId: CLIENT, userInfo: false, requireAuthTime: true, ...config }, loginRules }) as never;

const verified = (claims: Readonly<Record<string, unknown>>) => {
  const idToken = token({ iat: inSeconds(0), aud: CLIENT, nonce: "n", ...claims });
  return verifyIdToken(provider(), { nonce: "n" } as SignIn, { idToken, accessToken: "a" }, STRICT);
};

describe("an ID token is taken", () => {
  test.each<[string, object]>([
    ["as it is usual", {}],
    ["with a session ID of 1,024 characters", { sid: "s".repeat(1_024) }],
    ["with a subject of 255 characters", { sub: "s".repeat(255) }],
    ["for several audiences, if it names the client", { aud: [CLIENT, "other"], azp: CLIENT }],
    ["for a list of one audience", { aud: [CLIENT] }],
  ])("%s", async (_, claims) => {
    await expect(verified({ ...claims })).resolves.toMatchObject({ claims });
  });
});

describe("an ID token is refused", () => {
  test.each<[string, object, string, string]>([
    ["of another sign-in", { nonce: "other" }, "nonce", "token was made for another sign-in (nonce)"],
    ["without a nonce", { nonce: undefined }, "nonce", "token was made for another sign-in (nonce)"],
    ["for another client", { azp: "other" }, "audience", "token was made for another client (azp)"],
    ["for several audiences alone", { aud: [CLIENT, "o"] }, "audience", "token was made for another client (azp)"],
    ["without iat", { iat: undefined }, "invalid_time", "token has no time of issue (iat)"],
    ["with a number for its subject", { sub: 5 }, "subject", "token has no usable subject (sub)"],
    ["with an empty subject", { sub: "" }, "subject", "token has no usable subject (sub)"],
    ["with a longer subject", { sub: "s".repeat(256) }, "subject", "token has no usable subject (sub)"],
    ["with a number for its session ID", { sid: 5 }, "malformed", "its session ID is not a string of usual length"],
    ["with a longer session ID", { sid: "s".repeat(1_025) }, "malformed", "its session ID is not a string of usual"],
  ])("%s", async (_, claims, code, message) => {
    const error = await rejection(verified({ ...claims }));
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
  });
});

describe("a sign-in since the question", () => {
  const STARTED = inSeconds(-100);
  const since = (auth_time: unknown, config?: object) => () => {
    checkSignedInSince({ auth_time }, STARTED, provider(config));
  };

  test.each([[STARTED], [STARTED + 5], [STARTED - 60]])("was at %d", (time) => {
    expect(since(time)).not.toThrow();
  });

  test.each([[STARTED - 61], [undefined], [String(STARTED)], [Infinity], [inSeconds(90)], [STARTED * 1_000]])(
    "was not at %p",
    (time) => {
      const message = "the sign-in was not recent enough (auth_time)";
      expect(thrownBy(since(time))).toMatchObject({ code: "too_old", message });
      expect(since(time, { requireAuthTime: false })).not.toThrow();
    },
  );
});
