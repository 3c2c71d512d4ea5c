import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";

import { EXPRESS_VERSIONS, serve } from "../helpers/hosts.js";
import { LOGIN_PATH, LOGIN_TYPE, optionsWith } from "../helpers/login.js";
import { token } from "../helpers/tokens.js";
import { matrixJwtLogin } from "matrix-jwt-login";

/** What the contract knows beside a 200. */
const REFUSALS = new Map([
  [400, /^M_(?:NOT_JSON|BAD_JSON|UNKNOWN|INVALID_PARAM|MISSING_PARAM|INVALID_USERNAME)$/],
  [403, /^M_FORBIDDEN$/],
  [413, /^M_TOO_LARGE$/],
]);
const RUNS = 100;

const honest = token();
const submissions = fc.record(
  {
    type: fc.constantFrom(LOGIN_TYPE, "m.login.password"),
    token: fc.oneof(fc.constant(honest), fc.jsonValue()),
    device_id: fc.jsonValue(),
    initial_device_display_name: fc.jsonValue(),
    refresh_token: fc.jsonValue(),
    identifier: fc.jsonValue(),
    user: fc.jsonValue(),
  },
  { requiredKeys: ["type"] },
);

describe.each(EXPRESS_VERSIONS)("%s gives an answer of the contract", (_, express) => {
  test.each<[string, fc.Arbitrary<Uint8Array>]>([
    ["any JSON value", fc.jsonValue().map(asJson)],
    ["any submission", submissions.map(asJson)],
    ["any bytes", fc.uint8Array({ maxLength: 4_000 })],
  ])("to %s as the body", async (_, bodies) => {
    const app = express();
    app.use(matrixJwtLogin(optionsWith({ identifier: "match" }, { unknownLoginType: "reject" })));
    const { url, close } = await serve(app);
    try {
      await fc.assert(
        fc.asyncProperty(bodies, async (body) => {
          const response = await fetch(url + LOGIN_PATH, { method: "POST", body: Buffer.from(body) });
          const answer = (await response.json()) as Readonly<Record<string, unknown>>;
          if (response.status === 200) {
            expect(answer).toMatchObject({ user_id: "@alice:example.org", device_id: expect.any(String) });
          } else {
            expect(answer).toEqual({
              errcode: expect.stringMatching(REFUSALS.get(response.status) ?? /never/),
              error: expect.any(String),
            });
          }
        }),
        { numRuns: RUNS },
      );
    } finally {
      await close();
    }
  });
});

function asJson(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
