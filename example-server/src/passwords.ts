import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from "node:crypto";
import { promisify } from "node:util";

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

// OWASP's scrypt recommendation for 32 MiB a hash. The cost is kept with each hash, so that it can be raised one day.
const cost = { N: 2 ** 15, r: 8, p: 3 };
const keyLength = 32;

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  return format(cost, salt, await deriveKey(password, salt, cost));
}

/**
 * Whether the password is the one that was hashed. Without a hash (an unknown user, or one without a password) it is
 * false, but only after as much work: how long the answer takes must not tell who has an account.
 */
export async function verifyPassword(password: string, hash: string | null | undefined): Promise<boolean> {
  const stored = parse(hash ?? decoy);
  const same = timingSafeEqual(await deriveKey(password, stored.salt, stored.cost), stored.key);
  return same && typeof hash === "string";
}

const decoy = format(cost, Buffer.alloc(16), Buffer.alloc(keyLength));

function deriveKey(password: string, salt: Buffer, { N, r, p }: typeof cost): Promise<Buffer> {
  // The same password typed on another keyboard may be composed of other code points.
  const normalized = password.normalize("NFKC");
  return derive(normalized, salt, keyLength, { N, r, p, maxmem: 256 * N * r });
}

function format({ N, r, p }: typeof cost, salt: Buffer, key: Buffer): string {
  return ["scrypt", N, r, p, salt.toString("base64url"), key.toString("base64url")].join("$");
}

function parse(hash: string): { cost: typeof cost; salt: Buffer; key: Buffer } {
  const [, N, r, p, salt = "", key = ""] = hash.split("$");
  return {
    cost: { N: Number(N), r: Number(r), p: Number(p) },
    salt: Buffer.from(salt, "base64url"),
    key: Buffer.from(key, "base64url"),
  };
}
