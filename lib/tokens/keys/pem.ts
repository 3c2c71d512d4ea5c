import type { Check } from "../../support/checks.js";
import { OptionsError } from "../../support/options-error.js";

const LABEL = /(?<=-----BEGIN )[A-Z0-9 ]+(?=-----)/g;
const BLOCK = /(-----BEGIN ([A-Z0-9 ]+)-----)([^-]*)(-----END \2-----)/g;
const PUBLIC_LABELS = new Set(["PUBLIC KEY", "RSA PUBLIC KEY", "CERTIFICATE", "TRUSTED CERTIFICATE"]);

/** Line breaks that somebody wrote out, as environment files and JSON have them. */
const WRITTEN_BREAKS = /(?<!\\)\\+[rn]/g;
/** What may stand between the characters of a key that was pasted: white space, quotes and what is invisible. */
const PASTED = /(?:[\s"'`]|\u200b|\u200c|\u200d|\u2060)+/g;

/** The labels of the PEM blocks in a text (RFC 7468 section 2), in order. */
export function pemLabels(text: string): readonly string[] {
  return text.match(LABEL) ?? [];
}

export function isPublicLabel(label: string): boolean {
  return PUBLIC_LABELS.has(label);
}

/** The text of bytes, of UTF-16 and UTF-32 too if it is ASCII, as every PEM and most JSON is. */
export function textOf(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes);
  if (!buffer.includes(0)) return buffer.toString();
  return Buffer.from(buffer.filter((byte) => byte !== 0))
    .toString("latin1")
    .replace(/^(?:\xff\xfe|\xfe\xff)/, "");
}

/**
 * Makes PEM as people paste it (in one line, indented, in quotes, with line breaks of any kind or `\n` written out) readable for
 * OpenSSL. A text without a whole block is given back.
 */
export function pastedPem(text: string): string {
  const blocks = text.replace(WRITTEN_BREAKS, "\n").match(BLOCK);
  return blocks === null ? text : blocks.map((block) => block.replace(BLOCK, wellFormed)).join("");
}

function wellFormed(_: string, begin: string, __: string, body: string, end: string): string {
  return [begin, body.replace(PASTED, "").replace(/.{64}(?!$)/g, "$&\n"), end, ""].join("\n");
}

/** What is left of a text without all that pasting may have added. */
export function bare(text: string): string {
  return text
    .replace(WRITTEN_BREAKS, "")
    .replace(PASTED, "")
    .replace(/^\ufeff/, "");
}

/**
 * A key's check which says where the path of a file belongs.
 *
 * @param option - that takes such a path
 */
export function notFile<T>(check: Check<T>, option: string): Check<T> {
  return (value, path) => {
    if (typeof value !== "string" || !PATH.test(value)) return check(value, path);
    throw new OptionsError(
      path,
      `must hold a key, as PEM for example, not the path of a file: that goes into ${option}`,
    );
  };
}

/** No PEM and no JSON; base64 has neither dots nor this few characters. */
const PATH = /^[^\n{]{1,255}\.(?:pem|key|pub|crt|cer|der|jwks?|json)$/;

/** The JSON of a key's text, which is no PEM. */
export function jsonOption(text: string, path: string): object {
  try {
    return JSON.parse(text) as object;
  } catch {
    // JSON.parse's own error would quote the text, and a key that should not be there with it.
    throw new OptionsError(path, "is damaged: it is neither PEM nor JSON");
  }
}
