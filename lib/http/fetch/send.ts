import { type Answer, type Page, setCorsHeaders } from "../answer.js";

/** The client is gone: nobody reads the answer. The status is nginx's for this. */
export const GONE = { status: 499 };

/** An answer as a `Response`; without its body for `HEAD` (RFC 9110 section 9.3.2). */
export function responseOf(
  { status, headers, body }: Answer,
  method: string,
  { cors }: { readonly cors: boolean },
): Response {
  const isEmpty = method === "HEAD" || status === 204;
  const response = new Response(isEmpty ? null : body, { status, headers: headers.map((pair) => [...pair]) });
  if (cors) setCorsHeaders(response.headers);
  if (status !== 204) response.headers.set("Content-Length", String(Buffer.byteLength(body)));
  return response;
}

/** A page as a `Response`. */
export function pageResponse({ status, headers: given, body }: Page, method: string): Response {
  const headers = new Headers();
  for (const [name, value] of Object.entries(given)) {
    for (const one of [value].flat()) headers.append(name, one);
  }
  return new Response(method === "HEAD" ? null : body, { status, headers });
}
