import type { Submission } from "../endpoint.js";
import { isEncoded, type LoginBodies, notJson, tooLarge } from "../login-body.js";

/**
 * Takes the submission of a login request, whatever its `Content-Type` says. The request's own body stays unread.
 *
 * @returns the submission if it is ours; undefined: the request goes on, untouched; `"gone"`: the client hung up
 * @throws MatrixError with `unknownLoginType: "reject"`
 */
export async function takeSubmission(request: Request, bodies: LoginBodies): Promise<Submission> {
  // What it was is not ours to refuse.
  if (isTaken(request)) return undefined;
  if (Number(request.headers.get("content-length")) > bodies.limit) return bodies.refuse(tooLarge);
  if (isEncoded(request.headers.get("content-encoding"))) return bodies.refuse(notJson);
  const body = await readUpTo(request.clone().body, bodies.limit).catch(() => "gone" as const);
  if (body === "gone") return body;
  return body === undefined ? bodies.refuse(tooLarge) : bodies.of(body);
}

/**
 * Takes the fields of a form. The request's own body stays unread.
 *
 * @param limit - bytes
 * @returns `"gone"`: the client hung up
 * @throws MatrixError 413 `M_TOO_LARGE`
 */
export async function takeForm(request: Request, limit: number): Promise<URLSearchParams | "gone"> {
  if (Number(request.headers.get("content-length")) > limit) throw tooLarge();
  if (isTaken(request)) return new URLSearchParams();
  const body = await readUpTo(request.clone().body, limit).catch(() => "gone" as const);
  if (body === "gone") return body;
  if (body === undefined) throw tooLarge();
  return new URLSearchParams(body.toString());
}

/** Somebody who has read a body, or is about to, keeps it. */
function isTaken({ bodyUsed, body }: Request): boolean {
  return bodyUsed || body?.locked === true;
}

/**
 * @param limit - bytes; no more is ever held
 * @returns undefined: there is more
 */
export async function readUpTo(stream: ReadableStream<Uint8Array> | null, limit: number): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = stream?.getReader();
  while (reader !== undefined) {
    const { value } = await reader.read();
    if (value === undefined) break;
    size += value.length;
    if (size > limit) {
      // Settles only once the other reader of the body is done.
      reader.cancel().catch(() => undefined);
      return undefined;
    }
    chunks.push(value);
  }
  return Buffer.concat(chunks, size);
}
