import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

export const OUT = path.join(import.meta.dirname, "..", "out");

/**
 * Keeps a run's figures beside those of the other benches.
 * @param {string} name
 * @param {string | object} content JSON is made of an object, with the date and the setup before it
 */
export function keep(name, content) {
  const setup = {
    date: new Date().toISOString(),
    node: process.version,
    openssl: process.versions.openssl,
    platform: `${process.platform} ${process.arch}`,
  };
  const text = typeof content === "string" ? content : JSON.stringify({ ...setup, ...content }, null, 2);
  mkdirSync(OUT, { recursive: true });
  writeFileSync(path.join(OUT, name), `${text}\n`);
  return path.relative(process.cwd(), path.join(OUT, name));
}
