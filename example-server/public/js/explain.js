import { SignInError } from "./oauth.js";
import { RequestError } from "./matrix.js";

/** An error in words: what happened, what to do about it, and what the server said. */
export function explain(error) {
  if (error instanceof SignInError) {
    return { title: "The identity provider did not sign you in", advice: `${error.message} You can try again.` };
  }
  if (!(error instanceof RequestError)) {
    return { title: "This page has made a mistake", advice: "Reload it, and try again.", detail: String(error) };
  }
  if (error.kind === "out of reach") {
    return {
      title: "This page cannot ask that server",
      advice: `Its security policy lets it reach its own server and others on this machine, and not ${error.server}. Use curl there.`,
    };
  }
  if (error.kind === "network") {
    return {
      title: "The Matrix server cannot be reached",
      advice: `Nothing answered at ${error.server}. Is the server running, and is that its address?`,
    };
  }
  const words = inWords(error);
  const unsaid = words.advice.includes(error.error) ? undefined : error.error;
  return { ...words, detail: [error.status, error.errcode, unsaid].filter(Boolean).join(" · ") };
}

function inWords({ status, errcode, error, softLogout, retryAfterMs }) {
  const said = error ? `The server says: “${error}”.` : "The server does not say why.";
  if (errcode === "M_USER_DEACTIVATED") {
    return {
      title: "This account has been deactivated",
      advice: "It can no longer be used. Sign in as somebody else.",
    };
  }
  if (errcode === "M_USER_LOCKED") {
    return {
      title: "This account is locked",
      advice: "Only who runs the server can unlock it. What this device holds stays.",
    };
  }
  if (status === 401) {
    return softLogout
      ? { title: "Your access token has expired", advice: "Sign in again: it will be the same account." }
      : { title: "You are no longer signed in", advice: "The server has ended this session. Sign in again." };
  }
  if (status === 403) return { title: "The server refused this login", advice: said };
  if (status === 429) return { title: "Too many attempts", advice: `Try again in ${inSeconds(retryAfterMs ?? 1000)}.` };
  if (status === 503) {
    const when = retryAfterMs === undefined ? "in a while" : `in ${inSeconds(retryAfterMs)}`;
    return {
      title: "The server cannot check tokens just now",
      advice: `It cannot get the identity provider’s keys, or a part of it is down. Nothing is wrong with your token: try again ${when}.`,
    };
  }
  if (status >= 500) return { title: "The server has failed", advice: "Its log has the reason. Try again later." };
  if (status === 404) return { title: "That is no Matrix server", advice: "Look at its address below." };
  return { title: "The server could not make sense of this", advice: said };
}

function inSeconds(ms) {
  const seconds = Math.max(1, Math.ceil(ms / 1000));
  return seconds === 1 ? "1 second" : `${seconds} seconds`;
}
