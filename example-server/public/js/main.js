/* global document, history, location, URLSearchParams */
import { explain } from "./explain.js";
import { serverIn, tokenIn } from "./pasted.js";
import { matrixServer } from "./matrix.js";
import { beginSignIn, discoverProvider, returnedSignIn, pageUrl } from "./oauth.js";
import { forgetSession, loadSession, saveSession } from "./session.js";
import {
  element,
  hideProblem,
  say,
  showFlows,
  showHalf,
  showProblem,
  showProvider,
  showSession,
  showTimeLeft,
} from "./view.js";

/** The login type that takes the tokens of the identity provider under `/idp`. */
const providerLoginType = "com.famedly.login.token";

let server = new URLSearchParams(location.search).get("server") ?? location.origin;
let session;
let provider;
let busy = false;

/** Does something that may fail, says so meanwhile, and shows in words what went wrong. One thing at a time. */
async function attempt(meanwhile, work) {
  if (busy) return;
  hideProblem();
  say(meanwhile);
  setBusy(true);
  try {
    say((await work()) ?? "");
  } catch (error) {
    say("");
    if (error.status === 401 && session !== undefined) endSession({ focus: false });
    showProblem(explain(error));
  } finally {
    setBusy(false);
  }
}

// Not by disabling the buttons: that takes the focus from whoever works by keyboard.
function setBusy(isBusy) {
  busy = isBusy;
  document.body.setAttribute("aria-busy", String(isBusy));
}

async function askServer() {
  element("server").value = server;
  showFlows([]);
  showProvider(false);
  showFlows(await matrixServer(server).flows());
  provider = await discoverProvider(server);
  showProvider(provider !== undefined);
}

async function logIn(type, token) {
  startSession(saveSession(server, await matrixServer(server).login(type, token)));
  await checkSession();
}

/** Where the token has run out it gets a new one first: that is what the refresh token is for. */
async function checkSession() {
  const whoami = () => matrixServer(server).whoami(session.accessToken);
  const { user_id: userId, device_id: deviceId } = await whoami().catch(async (error) => {
    if (!error.softLogout || session.refreshToken === undefined) throw error;
    await refresh();
    return whoami();
  });
  showSession({ server, userId, deviceId });
}

async function refresh() {
  session = saveSession(server, await matrixServer(server).refresh(session.refreshToken), session);
  showTimeLeft(session);
}

/** @returns whether the server knows of it */
async function logOut() {
  let isOut = true;
  try {
    await matrixServer(server).logout(session.accessToken);
  } catch (error) {
    // The server has ended the session before us, or the token ran out: there is nothing left to end.
    if (error.kind !== "network" && error.status !== 401) throw error;
    isOut = error.kind !== "network";
  }
  element("token").value = "";
  endSession({ focus: true });
  if (isOut) await askServer();
  return isOut;
}

function startSession(started, { focus = true } = {}) {
  session = started;
  element("token").value = "";
  element("refresh").hidden = session.refreshToken === undefined;
  showSession(session);
  showTimeLeft(session);
  showHalf("signed-in", { focus });
}

function endSession({ focus }) {
  session = undefined;
  forgetSession();
  showHalf("signed-out", { focus });
}

element("sign-in-alice").addEventListener("click", () => {
  void attempt("Going to the identity provider …", () => beginSignIn(provider, server, "alice"));
});
element("sign-in-other").addEventListener("click", () => {
  void attempt("Going to the identity provider …", () => beginSignIn(provider, server));
});
element("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const token = tokenIn(element("token").value);
  if (token === "") {
    say("Paste a token first.");
    element("token").focus();
    return;
  }
  void attempt("Signing in …", () => logIn(element("login-type").value, token));
});
element("server-form").addEventListener("submit", (event) => {
  event.preventDefault();
  server = serverIn(element("server").value);
  history.replaceState(null, "", pageUrl(server));
  void attempt("Asking the server …", async () => {
    await askServer();
    return "The server has answered.";
  });
});
element("check").addEventListener("click", () => {
  void attempt("Asking the server …", async () => {
    await checkSession();
    return "The server knows you.";
  });
});
element("refresh").addEventListener("click", () => {
  void attempt("Refreshing …", async () => {
    await refresh();
    return "You have a new access token.";
  });
});
element("log-out").addEventListener("click", () => {
  void attempt("Logging out …", async () => {
    return (await logOut())
      ? "You are logged out."
      : "You are logged out here. The server did not answer: there, the session ends when its token expires.";
  });
});
setInterval(() => {
  if (session !== undefined) showTimeLeft(session);
}, 1000);

await attempt("Asking the server …", async () => {
  const signIn = returnedSignIn();
  const kept = loadSession();
  if (signIn !== undefined) {
    server = signIn.server;
    try {
      await logIn(providerLoginType, await signIn.getToken());
    } catch (error) {
      showHalf("signed-out", { focus: false });
      // What went wrong before is what one wants to know.
      await askServer().catch(() => undefined);
      throw error;
    }
  } else if (kept !== undefined) {
    server = kept.server;
    startSession(kept, { focus: false });
    await checkSession();
  } else {
    showHalf("signed-out", { focus: false });
    await askServer();
  }
});
