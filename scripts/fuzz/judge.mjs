const STATUSES = new Set([200, 400, 403, 413]);
/** What a host's own parser may say, before or after us. */
const HOST_STATUSES = new Set([400, 413, 415]);

const BEARER_STATUSES = new Set([200, 400, 401, 403]);
const BROWSER_STATUSES = new Set([200, 302, 303, 400, 401, 403, 404, 405, 413]);
/** What no answer may hold. */
const SECRETS = /CLIENT-SECRET|BEGIN|node_modules|\n\s+at /;

/** What is wrong with an answer, if anything. */
export function judge({ head, honest, forged, broken, token, kind = "login" }, { status, headers, body }) {
  if (status === "hang") return "no answer in time";
  // What isn't HTTP is Node's to refuse, in words of its own or by hanging up.
  if (broken) return status >= 500 && status !== 505 ? `status ${status}` : undefined;
  // So is a head of more than 16 KiB (RFC 6585 section 5).
  if (status === 431 && head.length > 16_384) return undefined;
  if (status === "closed") return "closed without an answer";
  if (SECRETS.test(body) || (status !== 200 && body.includes("SENSITIVE"))) return "an answer that says too much";
  if (token !== undefined && token.length > 20 && body.includes(token)) return "the token in an answer";
  if (status === 503) return isAnnounced(kind, headers) ? undefined : "a 503 of our own making";
  if (kind === "browser") return BROWSER_STATUSES.has(status) ? undefined : `status ${status}`;
  const json = parse(body);
  if (typeof json !== "object" || json === null) return "an answer that is not a JSON object";
  const statuses = kind === "bearer" ? BEARER_STATUSES : json.errcode === "M_HOST" ? HOST_STATUSES : STATUSES;
  if (!statuses.has(status)) return `status ${status}`;
  if (!/^application\/json/.test(headers["Content-Type"] ?? headers["content-type"]))
    return "an answer of another type";
  if (status === 200) return forged || typeof json.access_token !== "string" ? "a 200 that should not be" : undefined;
  if (honest) return "an honest login refused";
  if (typeof json.errcode !== "string" || typeof json.error !== "string") return "an error without errcode or error";
  return undefined;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Only the identity provider's answers may end in a 503, which says when to try again. */
function isAnnounced(kind, headers) {
  return (kind === "opaque" || kind === "browser") && Number(headers["Retry-After"] ?? headers["retry-after"]) > 0;
}
