/* global AbortSignal, URLSearchParams */
import { isInReach } from "./pasted.js";

/** Why a request failed: `kind` is "out of reach", "network", or "matrix" where the server said so itself. */
export class RequestError extends Error {
  constructor(kind, { answer, ...facts } = {}) {
    super(answer?.error ?? kind);
    const { errcode, error } = answer ?? {};
    Object.assign(this, { kind, answer, errcode, error, ...facts });
  }

  /** What the server asks for before it does this: the session of its User-Interactive Authentication, and its flows. */
  get authentication() {
    return this.status === 401 && Array.isArray(this.answer?.flows) ? this.answer : undefined;
  }
}

/** A Matrix server's Client-Server API, as far as this page needs it. */
export function matrixServer(baseUrl) {
  const request = async (method, path, { body, accessToken } = {}) => {
    if (!isInReach(baseUrl)) throw new RequestError("out of reach", { server: baseUrl });
    let response;
    try {
      response = await fetch(baseUrl + path, {
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
      answer,
      softLogout: answer?.soft_logout === true,
      retryAfterMs: retryAfterOf(response, answer),
      server: baseUrl,
    });
  };

  return {
    flows: async () => (await request("GET", `${api}/login`)).flows ?? [],
    login: (body) => request("POST", `${api}/login`, { body }),
    whoami: (accessToken) => request("GET", `${api}/account/whoami`, { accessToken }),
    refresh: (refreshToken) => request("POST", `${api}/refresh`, { body: { refresh_token: refreshToken } }),
    logout: (accessToken) => request("POST", `${api}/logout`, { body: {}, accessToken }),
    devices: async (accessToken) => (await request("GET", `${api}/devices`, { accessToken })).devices,
    deleteDevice: (accessToken, id, auth) =>
      request("POST", `${api}/delete_devices`, { body: { devices: [id], ...(auth && { auth }) }, accessToken }),
    identities: async (accessToken) => (await request("GET", `${own}/identities`, { accessToken })).identities,
    /** Of a server for development, which says more of logins than the specification has it say. */
    demonstration: () => request("GET", "/demonstration"),
    explain: (type, token) => request("POST", "/demonstration/explain", { body: { type, token } }),
    freshToken: (sub) => request("POST", "/demonstration/token", { body: { sub } }),
  };
}

const api = "/_matrix/client/v3";
const own = "/_matrix/client/unstable/org.matrix-jwt-login";

/** Where logins are sent, and with what. */
export const loginUrl = (baseUrl) => `${baseUrl}${api}/login`;
export const loginBody = (type, token) => ({
  type,
  token,
  refresh_token: true,
  initial_device_display_name: "Example sign-in page",
});

export const ssoUrl = (baseUrl, redirectUrl) =>
  `${baseUrl}${api}/login/sso/redirect?${new URLSearchParams({ redirectUrl })}`;

export const proofUrl = (baseUrl, session) =>
  `${baseUrl}${api}/auth/m.login.sso/fallback/web?${new URLSearchParams({ session })}`;

// The header is in seconds, the older member in milliseconds (Client-Server API, "Rate limiting").
function retryAfterOf(response, answer) {
  const seconds = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
  return Number.isNaN(seconds) ? answer?.retry_after_ms : seconds * 1000;
}
