import { randomBytes } from "node:crypto";

import { afterEach, describe, expect, jest, test } from "@jest/globals";
import { CompactEncrypt, decodeProtectedHeader } from "jose";

import { sealFor, type SealPurpose, type Seal } from "../../lib/sso/seal.js";

const SECRET = randomBytes(32);
const exp = Math.floor(Date.now() / 1_000) + 60;

interface Given {
  readonly purpose?: SealPurpose;
  readonly secrets?: readonly Uint8Array[];
  readonly serverName?: string;
  readonly max?: number;
}

function seal({ purpose = "form", secrets = [SECRET], serverName = "example.org", max = 4_096 }: Given = {}): Seal {
  return sealFor(purpose, { secrets, serverName }, max);
}

afterEach(() => {
  jest.useRealTimers();
});

test("opens what it sealed, which hides its content", async () => {
  const sealed = await seal().seal({ userId: "@alice:example.org", exp });
  expect(decodeProtectedHeader(sealed)).toEqual({ alg: "dir", enc: "A256GCM" });
  expect(Buffer.from(sealed, "base64").toString()).not.toContain("alice");
  await expect(seal().open(sealed)).resolves.toEqual({ userId: "@alice:example.org", exp });
});

test("never seals the same content to the same text", async () => {
  expect(await seal().seal({ exp })).not.toBe(await seal().seal({ exp }));
});

describe("opens nothing", () => {
  test.each([
    ["of another purpose", seal({ purpose: "login token" })],
    ["of another server", seal({ serverName: "other.example" })],
    ["sealed with another secret", seal({ secrets: [randomBytes(32)] })],
  ])("%s", async (_, other) => {
    await expect(other.open(await seal().seal({ exp }))).resolves.toBeUndefined();
  });

  test("that has expired", async () => {
    const sealed = await seal().seal({ exp });
    jest.useFakeTimers({ now: exp * 1_000, doNotFake: ["nextTick", "setImmediate"] });
    await expect(seal().open(sealed)).resolves.toBeUndefined();
  });

  test("without an expiry", async () => {
    await expect(seal().open(await seal().seal({}))).resolves.toBeUndefined();
  });

  test("too long to be worth it", async () => {
    const sealed = await seal().seal({ exp, noise: randomBytes(3_000).toString("hex") });
    await expect(seal().open(sealed)).resolves.toBeUndefined();
    await expect(seal({ max: sealed.length }).open(sealed)).resolves.toMatchObject({ exp });
  });

  test("damaged, or not sealed at all", async () => {
    const sealed = await seal().seal({ exp });
    const damaged = sealed.replace(/.$/, (last) => (last === "A" ? "Q" : "A"));
    for (const text of ["", "....", "a.b.c.d.e", "é", damaged, sealed.slice(0, -4), `${sealed}.`]) {
      await expect(seal().open(text)).resolves.toBeUndefined();
    }
  });

  test("in another encryption, even with a key at hand", async () => {
    const other = await new CompactEncrypt(Buffer.from(JSON.stringify({ exp })))
      .setProtectedHeader({ alg: "dir", enc: "A128CBC-HS256" })
      .encrypt(SECRET);
    await expect(seal().open(other)).resolves.toBeUndefined();
  });
});

test("a secret is rotated by putting the new one first", async () => {
  const next = randomBytes(32);
  const rotating = seal({ secrets: [next, SECRET] });
  await expect(rotating.open(await seal().seal({ exp }))).resolves.toEqual({ exp });
  const sealed = await rotating.seal({ exp });
  await expect(seal({ secrets: [next] }).open(sealed)).resolves.toEqual({ exp });
  await expect(seal().open(sealed)).resolves.toBeUndefined();
});
