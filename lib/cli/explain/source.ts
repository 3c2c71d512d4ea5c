import { sourcesIn, type SourceName } from "../../tokens/keys/parse-key-source.js";
import { printable } from "../show.js";

type Given = Readonly<Record<string, unknown>>;

/** In words, with the value where that is a name, and nothing to be kept secret. */
const IN_WORDS: Readonly<Record<SourceName, (given: Given) => string>> = {
  secret: () => "secret",
  publicKey: () => "publicKey",
  jwks: () => "jwks",
  keyFile: ({ keyFile }) => `keyFile ${address(keyFile)}`,
  jwksUri: ({ jwksUri }) => `jwksUri ${address(jwksUri)}`,
  discover: ({ issuer }) => `the keys that ${String(issuer)} names`,
};

/** The key source among a login type's options, in words: in a list of issuers, of the entry at `index`. */
export function sourceInWords(options: object, index: number): string {
  const given = (Array.isArray(options) ? options[index] : options) as Given;
  const [name = "discover"] = sourcesIn(given);
  return printable(IN_WORDS[name](given));
}

/** A URL's query may hold what is nobody's business. */
function address(value: unknown): string {
  return String(value).replace(/[?#].*$/, "");
}
