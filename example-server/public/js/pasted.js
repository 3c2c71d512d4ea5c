/* global location */
/**
 * The token that is meant by what people paste, and its login type if that says so: a token, with `Bearer`, in quotes or in
 * lines, an answer with a token in it, a login request, or a curl line with one.
 */
export function loginIn(pasted) {
  const json = jsonIn(pasted);
  const found = [json?.access_token, json?.id_token, json?.token].find((value) => typeof value === "string");
  return { token: plain(found ?? pasted), type: json?.type };
}

function jsonIn(text) {
  try {
    return JSON.parse(text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1));
  } catch {
    return undefined;
  }
}

const plain = (text) =>
  unquoted(unquoted(text.trim()).replace(/^(?:authorization\s*:\s*)?bearer\s+/i, "")).replace(/\s+/g, "");

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
