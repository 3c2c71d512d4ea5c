/* global location */
/** The token that is meant by what people paste: without `Bearer`, quotes, white space and line breaks. */
export const tokenIn = (pasted) =>
  unquoted(unquoted(pasted.trim()).replace(/^(?:authorization\s*:\s*)?bearer\s+/i, "")).replace(/\s+/g, "");

/** A server's URL as people write it: without a scheme, or with slashes at its end. */
export function serverIn(written) {
  const text = written.trim().replace(/\/+$/, "");
  if (/^[a-z][a-z\d+.-]*:\/\//i.test(text)) return text;
  return `${isLoopback(text.replace(/:\d+$/, "")) ? "http" : "https"}://${text}`;
}

/** The page's Content-Security-Policy lets it reach its own server, and others on this machine. */
export function isInReach(server) {
  if (!URL.canParse(server)) return false;
  const { origin, hostname } = new URL(server);
  return origin === location.origin || isLoopback(hostname);
}

const isLoopback = (hostname) => hostname === "127.0.0.1" || hostname === "localhost";

const unquoted = (text) => text.replace(/^["'`\u2018-\u201e]+|["'`\u2018-\u201e,;]+$/g, "");
