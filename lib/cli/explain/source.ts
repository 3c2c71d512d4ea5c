import { printable } from "../show.js";

/** Those whose value is a name, and nothing to be kept secret. */
const NAMED = ["keyFile", "jwksUri"] as const;
const UNNAMED = ["secret", "publicKey", "jwks"] as const;

/** The key source among a login type's options, in words. Of a list of issuers, those of one entry. */
export function sourceOf(options: object, index: number): string {
  const given = (Array.isArray(options) ? options[index] : options) as Readonly<Record<string, unknown>>;
  const named = NAMED.find((name) => given[name] !== undefined);
  // A URL's query may hold what is nobody's business.
  if (named !== undefined) return printable(`${named} ${String(given[named]).replace(/[?#].*$/, "")}`);
  return (
    UNNAMED.find((name) => given[name] !== undefined) ?? printable(`the keys that ${String(given["issuer"])} names`)
  );
}
