const STATUSES = new Set([200, 400, 403, 413]);
/** What a host's own parser may say, before or after us. */
const HOST_STATUSES = new Set([400, 413, 415]);

/** What is wrong with an answer, if anything. */
export function judge({ honest, forged, broken, token }, { status, headers, body }) {
  if (status === "hang") return "no answer in time";
  // What isn't HTTP is Node's to refuse, in words of its own or by hanging up.
  if (broken) return status >= 500 && status !== 505 ? `status ${status}` : undefined;
  if (status === "closed") return "closed without an answer";
  const json = parse(body);
  if (typeof json !== "object" || json === null) return "an answer that is not a JSON object";
  if (!(json.errcode === "M_HOST" ? HOST_STATUSES : STATUSES).has(status)) return `status ${status}`;
  if (!/^application\/json/.test(headers["Content-Type"] ?? headers["content-type"]))
    return "an answer of another type";
  if (status === 200) return forged || typeof json.access_token !== "string" ? "a 200 that should not be" : undefined;
  if (honest) return "an honest login refused";
  if (typeof json.errcode !== "string" || typeof json.error !== "string") return "an error without errcode or error";
  if (/SENSITIVE|BEGIN|node_modules|\n\s+at /.test(body)) return "an answer that says too much";
  return token !== undefined && token.length > 20 && body.includes(token) ? "the token in an answer" : undefined;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
