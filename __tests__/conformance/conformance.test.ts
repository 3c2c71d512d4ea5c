import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from "@jest/globals";
import {
  fromSynapseJwtConfig,
  fromTokenAuthenticatorConfig,
  matrixJwtLogin,
  type LoginTypeOptions,
} from "matrix-jwt-login";

import { EXPRESS_VERSIONS, serve, type RunningServer } from "../helpers/hosts.js";

interface Expected {
  readonly status: number | "4xx";
  readonly errcode: string | null;
  readonly user_id?: string;
}

interface Case {
  readonly id: string;
  readonly clock: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly bodyBase64?: string;
  readonly reference: Expected;
  readonly ours: Expected;
}

interface Recording {
  readonly serverName: string;
  readonly users: readonly string[];
  readonly pem: Readonly<Record<string, string>>;
  readonly groups: readonly { readonly name: string; readonly config: object; readonly cases: readonly Case[] }[];
}

/**
 * Recorded under a wrong name: the signature of this token holds neither `+`, `/` nor `=`, so its standard base64 is its
 * base64url, the token is an honest one, and no server can tell. A token whose standard base64 differs is refused: see
 * the encodings in the attack suite.
 */
const HONEST_TOKENS = new Set(["base/token sig in standard base64"]);

const folder = mkdtempSync(join(tmpdir(), "conformance-"));

const RECORDINGS: readonly (readonly [string, string, (config: object) => Record<string, LoginTypeOptions>])[] = [
  ["Synapse", "synapse.json", fromSynapseJwtConfig],
  [
    "Synapse Token Authenticator",
    "token-authenticator.json",
    (config) => fromTokenAuthenticatorConfig(withKeyFileIn(folder, config)),
  ],
];

describe.each(EXPRESS_VERSIONS)("%s answers as the reference did, but where it must not", (_, express) => {
  describe.each(RECORDINGS)("%s", (_, file, loginTypesOf) => {
    const recording = JSON.parse(readFileSync(join(import.meta.dirname, file), "utf8")) as Recording;
    const users = new Set(recording.users);
    for (const [name, pem] of Object.entries(recording.pem)) writeFileSync(join(folder, name), pem);

    describe.each(recording.groups)("$name", ({ config, cases }) => {
      let host: RunningServer;

      beforeAll(async () => {
        const warn = jest.spyOn(process, "emitWarning").mockReturnValue();
        const app = express();
        app.use(
          matrixJwtLogin<string>({
            serverName: recording.serverName,
            loginTypes: loginTypesOf(config),
            findUser: (userId) => (users.has(userId) ? userId : null),
            registerUser: (userId) => {
              users.add(userId);
              return userId;
            },
            issueToken: (userId, login) => ({ accessToken: `token of ${userId} on ${login.deviceId}` }),
            unknownLoginType: "reject",
            flows: "replace",
            logger: false,
          }),
        );
        warn.mockRestore();
        host = await serve(app);
      });
      afterEach(() => {
        jest.restoreAllMocks();
      });
      afterAll(() => host.close());

      test.each(cases)(
        "$id",
        async ({ id, clock, method, path, headers, body, bodyBase64, reference, ...recorded }) => {
          const ours = HONEST_TOKENS.has(id) ? reference : recorded.ours;
          jest.spyOn(Date, "now").mockReturnValue(clock * 1000);

          const content = bodyBase64 === undefined ? body : Buffer.from(bodyBase64, "base64");
          const response = await fetch(host.url + path, {
            method,
            headers,
            ...(content !== undefined && { body: content }),
          });
          const answer = (await response.json().catch(() => ({}))) as { errcode?: string; user_id?: string };

          if (ours.status === "4xx") expect(String(response.status)).toMatch(/^4/);
          else expect(response.status).toBe(ours.status);
          if (ours.errcode !== null) expect(answer.errcode).toBe(ours.errcode);
          const userId = ours.user_id ?? reference.user_id;
          if (response.status === 200 && userId !== undefined) expect(answer.user_id).toBe(userId);
        },
      );
    });
  });
});

function withKeyFileIn(directory: string, config: object): object {
  const { jwt } = config as { jwt?: { keyfile?: string } };
  return jwt?.keyfile === undefined ? config : { jwt: { ...jwt, keyfile: join(directory, jwt.keyfile) } };
}
