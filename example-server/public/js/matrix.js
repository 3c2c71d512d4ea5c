/* global AbortSignal */
import { isInReach } from "./pasted.js";

/** Why a request failed: `kind` is "out of reach", "network", or "matrix" where the server said so itself. */
export class RequestError extends Error {
  constructor(kind, { status, errcode, error, softLogout, retryAfterMs, server } = {}) {
    super(error ?? kind);
    Object.assign(this, { kind, status, errcode, error, softLogout, retryAfterMs, server });
  }
}

/** A Matrix server's Client-Server API, as far as this page needs it. */
export function matrixServer(baseUrl) {
  const request = async (method, path, { body, accessToken } = {}) => {
    if (!isInReach(baseUrl)) throw new RequestError("out of reach", { server: baseUrl });
    let response;
    try {
      response = await fetch(`${baseUrl}/_matrix/client/v3${path}`, {
        method,
        headers: {
          ...(body && { "Content-Type": "application/json" }),
          ...(accessToken && { Authorization: `Bearer ${accessToken}` }),
        },
        ...(body && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(15_000),
      });
    } catch {
      throw new RequestError("network", { server: baseUrl });
    }
    const answer = await response.json().catch(() => undefined);
    if (response.ok && answer !== undefined) return answer;
    throw new RequestError("matrix", {
      status: response.status,
      errcode: answer?.errcode,
      error: answer?.error,
      softLogout: answer?.soft_logout === true,
      retryAfterMs: retryAfterOf(response, answer),
      server: baseUrl,
    });
  };

  return {
    flows: async () => (await request("GET", "/login")).flows ?? [],
    login: (type, token) =>
      request("POST", "/login", {
        body: { type, token, refresh_token: true, initial_device_display_name: "Example sign-in page" },
      }),
    whoami: (accessToken) => request("GET", "/account/whoami", { accessToken }),
    refresh: (refreshToken) => request("POST", "/refresh", { body: { refresh_token: refreshToken } }),
    logout: (accessToken) => request("POST", "/logout", { body: {}, accessToken }),
  };
}

// The header is in seconds, the older member in milliseconds (Client-Server API, "Rate limiting").
function retryAfterOf(response, answer) {
  const seconds = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
  return Number.isNaN(seconds) ? answer?.retry_after_ms : seconds * 1000;
}
