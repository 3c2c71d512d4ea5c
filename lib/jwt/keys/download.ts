/** What is asked of a `fetch`: the global one fits, and so does undici's. */
export type Fetch = (
  url: string,
  init: { method: "GET"; headers: Record<string, string>; redirect: "error"; signal: AbortSignal },
) => Promise<Response>;

export interface DownloadLimits {
  readonly fetch: Fetch;
  /** Seconds for the whole of it, connection and body. */
  readonly timeout: number;
  /** Bytes of the decoded body. */
  readonly maxResponseSize: number;
}

/**
 * Fetches a JSON document within a deadline and a size that hold however the endpoint, or the `fetch` that was handed
 * over, behaves. Redirects are not followed: they would let the endpoint choose another.
 */
export async function downloadJson(url: string, limits: DownloadLimits): Promise<unknown> {
  const abort = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no complete answer within ${String(limits.timeout)} s`));
    }, limits.timeout * 1_000).unref();
  });
  try {
    return await Promise.race([download(url, limits, abort.signal), deadline]);
  } finally {
    clearTimeout(timer);
    abort.abort();
  }
}

async function download(url: string, limits: DownloadLimits, signal: AbortSignal): Promise<unknown> {
  const headers = { accept: "application/jwk-set+json, application/json" };
  const response = await limits.fetch(url, { method: "GET", headers, redirect: "error", signal });
  if (response.status !== 200) throw new Error(`answered with status ${String(response.status)}`);
  if (response.redirected) throw new Error("answered with a redirect");
  return JSON.parse(await readText(response, limits.maxResponseSize)) as unknown;
}

async function readText(response: Response, maxSize: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > maxSize) throw new Error(`answered with more than ${String(maxSize)} bytes`);
    chunks.push(chunk);
  }
  return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
}
