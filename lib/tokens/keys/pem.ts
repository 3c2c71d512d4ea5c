const LABEL = /(?<=-----BEGIN )[A-Z0-9 ]+(?=-----)/g;
const PUBLIC_LABELS = new Set(["PUBLIC KEY", "RSA PUBLIC KEY", "CERTIFICATE", "TRUSTED CERTIFICATE"]);

/** The labels of the PEM blocks in a text (RFC 7468 section 2), in order. */
export function pemLabels(text: string): readonly string[] {
  return text.match(LABEL) ?? [];
}

export function looksLikePem(value: string | Uint8Array): boolean {
  return pemLabels(typeof value === "string" ? value : Buffer.from(value).toString("latin1")).length > 0;
}

export function isPublicLabel(label: string): boolean {
  return PUBLIC_LABELS.has(label);
}
