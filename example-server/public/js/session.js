/* global sessionStorage */
// In sessionStorage: a reload goes on where it was, another tab or a closed one has nothing of it. README.md says more.
const storageKey = "session";

export const loadSession = () => JSON.parse(sessionStorage.getItem(storageKey) ?? "null") ?? undefined;

export const forgetSession = () => {
  sessionStorage.removeItem(storageKey);
};

/** @param answer - of `/login`, or of `/refresh`: what it leaves out stays as it was */
export function saveSession(server, answer, { before, loginType } = {}) {
  const session = {
    server,
    userId: answer.user_id ?? before?.userId,
    deviceId: answer.device_id ?? before?.deviceId,
    accessToken: answer.access_token,
    refreshToken: answer.refresh_token ?? before?.refreshToken,
    loginType: before?.loginType ?? loginType,
    ...(answer.expires_in_ms !== undefined && {
      expiresAt: Date.now() + answer.expires_in_ms,
      lifetimeMs: answer.expires_in_ms,
    }),
  };
  sessionStorage.setItem(storageKey, JSON.stringify(session));
  return session;
}
