import { generateKeyPairSync } from "node:crypto";

import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { decodeProtectedHeader } from "jose";
import type { Fetch } from "matrix-jwt-login";

import { ED25519, RSA } from "../helpers/keys.js";
import { loginWith } from "../helpers/login.js";
import { portToComeBackTo } from "../helpers/ports.js";
import { QUICK } from "../helpers/remote-login.js";
import { until } from "../helpers/until.js";
import { serviceToken } from "./helpers/clients.js";
import { BOB, hostTaking, outcomeOf, refused } from "./helpers/host.js";
import { MATRIX, serveOidcProvider, type OidcProvider, type SigningKey } from "./helpers/oidc-provider.js";

const OLD: SigningKey = { kid: "old", algorithm: "RS256", pair: RSA };
const NEW_KEYS: readonly SigningKey[] = [
  { kid: "new", algorithm: "RS256", pair: generateKeyPairSync("rsa", { modulusLength: 2048 }) },
  { kid: "new", algorithm: "EdDSA", pair: ED25519 },
];
const CLIENTS = 4;

let idp: OidcProvider;

beforeEach(async () => {
  idp = await serveOidcProvider(OLD);
});

afterEach(() => idp.close());

const discovered = () => ({ discover: true, issuer: idp.issuer, audience: MATRIX }) as const;

/** Clients that log in again and again, each time with the token that they are given then. */
function runningLogins(url: string, tokenOf: () => Promise<string>) {
  const outcomes = new Set<string>();
  const rounds = new Array<number>(CLIENTS).fill(0);
  let round = 0;
  let running = true;
  const clients = rounds.map(async (_, client) => {
    while (running) {
      rounds[client] = round;
      const token = await tokenOf();
      const { status } = await loginWith(url, token);
      outcomes.add(`${decodeProtectedHeader(token).kid ?? ""}: ${String(status)}`);
    }
  });
  return {
    /** Resolves when every client has ended what it had begun, and so that many times. */
    rounds: async (times: number) => {
      for (const wanted = round + times; round < wanted;) {
        round += 1;
        await until(() => rounds.every((reached) => reached === round));
      }
    },
    /** By which keys they ended how, once all have. */
    stop: async () => {
      running = false;
      await Promise.all(clients);
      return Array.from(outcomes).sort();
    },
  };
}

const UNKNOWN_KEY = refused("token key not known (kid, alg)");

describe.each(NEW_KEYS)("a provider's key that is replaced by a new one for $algorithm", (NEW) => {
  test("loses no login while both are published, and is refused once it is withdrawn", async () => {
    const url = await hostTaking({ ...discovered(), jwksOptions: { ...QUICK, cacheMaxAge: 0.2 } });
    const old = await serviceToken(idp.issuer);
    const logins = runningLogins(url, () => serviceToken(idp.issuer));
    await logins.rounds(3);
    await idp.useKeys(NEW, OLD);
    // Whoever was given a token of the old key has used it now.
    await logins.rounds(3);
    await idp.useKeys(NEW);
    await until(async () => (await loginWith(url, old)).status === 403);
    await logins.rounds(3);
    expect(await logins.stop()).toEqual(["new: 200", "old: 200"]);
    expect(await outcomeOf(url, old)).toEqual(UNKNOWN_KEY);
  });

  test("at once: who has a token of the new one gets in at once, however fresh the cache", async () => {
    const url = await hostTaking({ ...discovered(), jwksOptions: QUICK });
    const old = await serviceToken(idp.issuer);
    expect(await outcomeOf(url, old)).toBe(BOB);
    await idp.useKeys(NEW);
    expect(await outcomeOf(url, old)).toBe(BOB);
    const tokens = await Promise.all(Array.from({ length: 20 }, () => serviceToken(idp.issuer)));
    const outcomes = await Promise.all(tokens.map((token) => outcomeOf(url, token)));
    expect(new Set(outcomes)).toEqual(new Set([BOB]));
    expect(await outcomeOf(url, old)).toEqual(UNKNOWN_KEY);
  });

  test("by a restart: logins go on while the provider is down, and with the new key after it", async () => {
    await idp.close();
    const port = await portToComeBackTo();
    idp = await serveOidcProvider(OLD, { port });
    const { jwksUri, issuer } = idp;
    let failures = 0;
    const watched: Fetch = (...request) =>
      fetch(...request).catch((error: unknown) => {
        failures += 1;
        throw error;
      });
    const jwksOptions = { ...QUICK, cacheMaxAge: 0.05, fetch: watched };
    const url = await hostTaking({ jwksUri, issuer, audience: MATRIX, jwksOptions });
    const old = await serviceToken(issuer);
    const before = runningLogins(url, () => Promise.resolve(old));
    await before.rounds(3);
    await idp.close();
    await until(() => failures >= 2);
    await before.rounds(3);
    expect(await before.stop()).toEqual(["old: 200"]);

    idp = await serveOidcProvider(NEW, { port });
    const after = runningLogins(url, () => serviceToken(idp.issuer));
    await after.rounds(3);
    expect(await after.stop()).toEqual(["new: 200"]);
    expect(await outcomeOf(url, old)).toEqual(UNKNOWN_KEY);
  });
});
