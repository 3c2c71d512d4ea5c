/** What is asked of a `fetch`: the global one fits, and so does undici's. */
export type Fetch = (
  url: string,
  init: { method: "GET"; headers: Record<string, string>; redirect: "error"; signal: AbortSignal },
) => Promise<Response>;

export interface DownloadLimits {
  readonly fetch: Fetch;
  /** Bytes of the decoded body. */
  readonly maxResponseSize: number;
}

/**
 * Fetches a JSON document within a size that holds however the endpoint, or the `fetch` that was handed over, behaves.
 * Redirects are not followed: they would let the endpoint choose another.
 *
 * @param signal - aborted when it is over, for better or worse: nothing of the answer is read or held after that
 */
export async function downloadJson(url: string, limits: DownloadLimits, signal: AbortSignal): Promise<unknown> {
  const headers = { accept: "application/jwk-set+json, application/json" };
  const response = await limits.fetch(url, { method: "GET", headers, redirect: "error", signal });
  const reader = readerUntil(signal, response);
  if (response.status !== 200) throw new Error(`answered with status ${String(response.status)}`);
  if (response.redirected) throw new Error("answered with a redirect");
  if (reader === undefined) throw new Error("answered without a body");
  return parseJson(await readText(reader, limits.maxResponseSize));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Its own error would quote the answer, and a key that should not be there with it.
    throw new Error("answered with something that is not JSON");
  }
}

type Reader = ReadableStreamDefaultReader<Uint8Array>;

/** A `fetch` of the host's may not know of the signal. */
function readerUntil(signal: AbortSignal, { body }: Response): Reader | undefined {
  const reader = body?.getReader();
  const cancel = () => {
    reader?.cancel().catch(() => undefined);
  };
  if (signal.aborted) cancel();
  signal.addEventListener("abort", cancel, { once: true });
  return reader;
}

async function readText(reader: Reader, maxSize: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    size += part.value.byteLength;
    if (size > maxSize) throw new Error(`answered with more than ${String(maxSize)} bytes`);
    chunks.push(part.value);
  }
  return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
}
