import { type SourceName, sourcesIn } from "../../tokens/keys/parse-key-source.js";
import { printable, show } from "../show.js";

type Given = Readonly<Record<string, unknown>>;

/** With the value where that is a name, and nothing to be kept secret. */
const SOURCE_IN_WORDS: Readonly<Record<SourceName, (given: Given) => string>> = {
  secret: () => "secret",
  publicKey: () => "publicKey",
  jwks: () => "jwks",
  keyFile: ({ keyFile }) => `keyFile ${address(keyFile)}`,
  jwksUri: ({ jwksUri }) => `jwksUri ${address(jwksUri)}`,
  discover: ({ issuer }) => `the keys that ${String(issuer)} names`,
};

/** What a finding says of the options that it was made by. */
export interface InWords {
  /** Where the keys come from. */
  readonly source: string;
  /** Where the subject is, if the options name a claim. */
  readonly subjectClaim: string | undefined;
}

/** A login type's options: in a list of issuers, those of the entry at `index`. */
export function inWords(options: object, index: number): InWords {
  const given = (Array.isArray(options) ? options[index] : options) as Given;
  const [name = "discover"] = sourcesIn(given);
  const { subjectClaim } = given;
  return {
    source: printable(SOURCE_IN_WORDS[name](given)),
    subjectClaim: subjectClaim === undefined || typeof subjectClaim === "function" ? undefined : show(subjectClaim),
  };
}

/** A URL's query may hold what is nobody's business. */
function address(value: unknown): string {
  return String(value).replace(/[?#].*$/, "");
}
