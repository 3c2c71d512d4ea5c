import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { fromTokenAuthenticatorConfig, MatrixError, matrixJwtLogin, OptionsError } from "matrix-jwt-login";
import type { ExternalIds, LoginTypeOptions } from "matrix-jwt-login";
import express from "express";

import { serve, type RunningServer } from "../helpers/hosts.js";

interface Answer {
  readonly status: number;
  readonly user_id?: string;
}

interface Request {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

interface Case extends Request {
  readonly id: string;
  readonly clock: number;
  readonly preceding?: readonly { readonly body: string }[];
  readonly idp: Readonly<Record<string, ProviderAnswer>>;
  readonly reference: Answer;
  readonly effects: { readonly registered?: readonly { readonly id: string }[] };
}

interface ProviderAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly drop?: boolean;
}

interface User {
  readonly id: string;
  readonly externalIds: readonly (readonly [issuer: string, subject: string])[];
  readonly deactivated?: boolean;
  readonly locked?: boolean;
}

interface Group {
  readonly name: string;
  readonly config: { readonly oauth?: { readonly check_external_id?: boolean } };
  readonly starts: boolean;
  readonly cases?: readonly Case[];
}

interface Recording {
  readonly serverName: string;
  readonly users: readonly User[];
  readonly pem: Readonly<Record<string, string>>;
  readonly groups: readonly Group[];
}

/** What is answered in another way, or not started with, and why. */
interface Difference {
  readonly ids: readonly string[];
  /** Of each; `"options"`: such a configuration is an options error. */
  readonly status: number | "options";
  /** Who is logged in instead. */
  readonly user_id?: string;
  readonly why: string;
}

const read = (name: string): unknown => JSON.parse(readFileSync(join(import.meta.dirname, name), "utf8"));
const recording = read("token-authenticator-2.json") as Recording;
const differences = read("token-authenticator-2-differences.json") as readonly Difference[];
const differenceOf = (id: string) => differences.find(({ ids }) => ids.includes(id));

const folder = mkdtempSync(join(tmpdir(), "conformance-"));
for (const [name, pem] of Object.entries(recording.pem)) writeFileSync(join(folder, name), pem);
afterAll(() => {
  rmSync(folder, { recursive: true });
});

let provider: Server;
let providerUrl: string;
let answers: Readonly<Record<string, ProviderAnswer>> = {};

beforeAll(async () => {
  provider = createServer((request, response) => {
    const answer = answers[String(request.url)] ?? { status: 404, headers: {}, body: "" };
    if (answer.drop === true) {
      request.socket.destroy();
      return;
    }
    response.writeHead(answer.status, answer.headers).end(answer.body);
  });
  await new Promise<void>((resolve) => provider.listen(0, "127.0.0.1", resolve));
  providerUrl = `http://127.0.0.1:${String((provider.address() as AddressInfo).port)}`;
});
afterAll(() => {
  provider.closeAllConnections();
  provider.close();
});
afterEach(() => {
  jest.restoreAllMocks();
});

/** The provider's names are made this machine's, and its files' those of the folder. */
function here<T>(value: T): T {
  const text = JSON.stringify(value)
    .replaceAll(/http:\/\/(?:idp|evil)\.test/g, providerUrl)
    .replaceAll(/"(jwk_file|enc_jwk_file)":"/g, `"$1":"${folder}/`);
  return JSON.parse(text) as T;
}

function loginTypesOf({ config }: Group): Record<string, LoginTypeOptions> {
  jest.spyOn(process, "emitWarning").mockReturnValue();
  return fromTokenAuthenticatorConfig(here(config));
}

/** A host that keeps users, and external IDs as `check_external_id` does. */
async function hostOf(group: Group): Promise<{ host: RunningServer; registered: string[] }> {
  const users = new Map(recording.users.map((user) => [user.id, user]));
  const links = new Map(
    recording.users.flatMap(({ id, externalIds }) => externalIds.map((one) => [one.join(" "), id])),
  );
  const registered: string[] = [];
  const { oauth } = group.config;
  const externalIds: ExternalIds<User> = {
    find: ({ issuer, subject }) => links.get(`${issuer} ${subject}`),
    link: ({ issuer, subject }, userId) => {
      links.set(`${issuer} ${subject}`, userId);
      return true;
    },
    existingUsers: ({ id }) => ![...links.values()].includes(id),
  };
  const app = express();
  app.use(
    matrixJwtLogin<User>({
      serverName: recording.serverName,
      loginTypes: loginTypesOf(group),
      findUser: (userId) => {
        const user = users.get(userId);
        if (user?.deactivated === true) throw new MatrixError("M_USER_DEACTIVATED");
        return user;
      },
      registerUser: (id, { externalId }) => {
        if (externalId !== undefined) links.set(`${externalId.issuer} ${externalId.subject}`, id);
        registered.push(id);
        const user = { id, externalIds: [] };
        users.set(id, user);
        return user;
      },
      issueToken: ({ id }, { deviceId }) => ({ accessToken: `${id} on ${deviceId}` }),
      ...(oauth !== undefined && oauth.check_external_id !== false && { externalIds }),
      unknownLoginType: "reject",
      flows: "replace",
      logger: false,
    }),
  );
  return { host: await serve(app), registered };
}

async function send(url: string, { method, path, headers, body }: Request): Promise<Answer> {
  const response = await fetch(url + path, { method, headers, ...(body !== undefined && { body }) });
  const json = (await response.json().catch(() => ({}))) as { user_id?: string };
  return { status: response.status, ...(json.user_id !== undefined && { user_id: json.user_id }) };
}

describe("Synapse Token Authenticator's other logins are answered as there, but where they must not be", () => {
  const logins = recording.groups.filter(({ cases }) => cases !== undefined && cases.length > 0);

  describe.each(logins)("$name", (group) => {
    test.each(group.cases ?? [])("$id", async ({ preceding = [], ...recorded }) => {
      const { id, reference } = recorded;
      const difference = differenceOf(id);
      if (difference?.status === "options") {
        expect(() => matrixJwtLogin({ ...HOST, loginTypes: loginTypesOf(group) })).toThrow(OptionsError);
        return;
      }
      jest.spyOn(Date, "now").mockReturnValue(recorded.clock * 1_000);
      const { host, registered } = await hostOf(group);
      try {
        answers = Object.fromEntries(
          Object.entries(here(recorded.idp)).map(([url, answer]) => [url.slice(providerUrl.length), answer]),
        );
        for (const each of preceding) await send(host.url, { ...recorded, ...each });
        const answer = await send(host.url, recorded);
        const expected = difference?.status ?? reference.status;
        if (expected >= 400 && expected < 500) expect(String(answer.status)).toMatch(/^4/);
        else expect(answer.status).toBe(expected);
        if (answer.status !== 200)
          expect(registered.filter((user) => !registeredBy(recorded).includes(user))).toEqual([]);
        else if (reference.status === 200 || difference?.user_id !== undefined)
          expect(answer.user_id).toBe(difference?.user_id ?? reference.user_id);
      } finally {
        await host.close();
      }
    });
  });
});

const HOST = {
  serverName: "example.test",
  findUser: () => "nobody",
  registerUser: () => "nobody",
  issueToken: () => ({ accessToken: "none" }),
};

/** Whom the requests before may have registered. */
function registeredBy({ id, effects }: Case): readonly string[] {
  return id.startsWith("sequences/") ? (effects.registered ?? []).map((user) => user.id) : [];
}

describe("a configuration of Synapse Token Authenticator", () => {
  test.each(recording.groups)("starts as there, or is an options error: $name", (group) => {
    const start = () => matrixJwtLogin({ ...HOST, loginTypes: loginTypesOf(group), logger: false });
    const expected = differenceOf(group.name)?.status ?? (group.starts ? "starts" : "options");
    if (expected === "options") expect(start).toThrow(OptionsError);
    else start();
  });
});
