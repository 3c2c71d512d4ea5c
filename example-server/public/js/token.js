/* global atob, TextDecoder */
/** A JSON Web Token's parts, read and not verified. Undefined if it is none. */
export function decode(token) {
  const parts = token.split(".");
  if (parts.length !== 3) return undefined;
  const [header, claims] = parts.slice(0, 2).map(jsonIn);
  return header === undefined || claims === undefined ? undefined : { parts, header, claims };
}

function jsonIn(part) {
  try {
    const bytes = Uint8Array.from(atob(part.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
    const json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return typeof json === "object" && json !== null ? json : undefined;
  } catch {
    return undefined;
  }
}

/** Of times to come, and of times past. */
const times = { iat: ["Issued", "Issued"], nbf: ["Valid", "Valid since"], exp: ["Expires", "Expired"] };

/** The times among the claims (RFC 7519 section 2, NumericDate), in words. */
export function timesInWords(claims, now = Date.now()) {
  return Object.entries(times)
    .filter(([name]) => Number.isFinite(claims[name]))
    .map(([name, [future, past]]) => [name, future, past, claims[name] * 1000 - now])
    .map(([name, future, past, ms]) => `${ms < 0 ? past : future} ${distance(ms)} (${name})`);
}

const units = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1000],
];

function distance(ms) {
  const [unit, size] = units.find(([, each]) => Math.abs(ms) >= each) ?? units.at(-1);
  const count = Math.round(Math.abs(ms) / size);
  const words = `${count} ${unit}${count === 1 ? "" : "s"}`;
  return ms < 0 ? `${words} ago` : `in ${words}`;
}
