import { createHmac, generateKeyPairSync, randomBytes } from "node:crypto";
import { existsSync, linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

import type { Config } from "./config.js";
import { makeFolder } from "./folder.js";

export interface Secrets {
  /** Shared with whoever mints tokens for `org.matrix.login.jwt`. */
  readonly jwtSecret: string;
  /** PEM, the private half of what the JWKS publishes. */
  readonly idpKey: string;
  /** From which single sign-on derives its keys. */
  readonly ssoSecret: string;
  /** Of the Matrix server at the identity provider. */
  readonly ssoClientSecret: string;
  /** Of the users made at the first start. */
  readonly devPassword: string;
}

export function loadSecrets(config: Config): Secrets {
  const { jwtSecretFile, idpKeyFile, ssoSecretFile, devPasswordFile, accessTokens, accessTokenKeyFile } = config;
  // The package reads this one itself, and again when it changes.
  if (accessTokens === "jwt") readOrMake(accessTokenKeyFile, newSigningKey);
  const ssoSecret = readOrMake(ssoSecretFile, () => randomText(32));
  return {
    ssoSecret,
    // All replicas know it without a file more.
    ssoClientSecret: config.ssoClientSecret ?? createHmac("sha256", ssoSecret).update("client").digest("base64url"),
    jwtSecret: readOrMake(jwtSecretFile, () => randomText(32)),
    idpKey: readOrMake(idpKeyFile, newSigningKey),
    devPassword: readOrMake(devPasswordFile, () => randomText(12)),
  };
}

function readOrMake(file: string, make: () => string): string {
  if (!existsSync(file)) writeOnce(file, `${make().trim()}\n`);
  const kept = contentOf(file).trim();
  if (kept === "") throw new Error(`${file} is empty. Remove it, and the next start makes a new one`);
  return kept;
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    // Node names no path of a folder.
    throw Object.assign(new Error(`${file} can't be read: ${(error as Error).message}`), { path: file });
  }
}

/** Replicas may start at once: one's file is whole when it appears, and stands; the others read it. */
function writeOnce(file: string, text: string): void {
  makeFolder(dirname(file));
  const draft = `${file}.${randomText(6)}`;
  try {
    writeFileSync(draft, text, { mode: 0o600, flag: "wx" });
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

const randomText = (bytes: number): string => randomBytes(bytes).toString("base64url");

function newSigningKey(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}
