/** A client on an origin of its own, which does what Element Web does: redirect, come back, log in, forget the token. */
export const CLIENT_PAGE = `<!doctype html><html lang="en"><title>Client</title><link rel="icon" href="data:,"><body>
<h1>Client</h1><p id="who">signed out</p><a id="sign-in">Sign in</a><button id="again">Confirm</button>
<script>
const server = new URLSearchParams(location.search).get("server") ?? sessionStorage.getItem("server");
if (server) sessionStorage.setItem("server", server);
const here = location.origin + "/?from=client";
document.getElementById("sign-in").href =
  server + "/_matrix/client/v3/login/sso/redirect?redirectUrl=" + encodeURIComponent(here);
const who = document.getElementById("who");
const loginToken = new URLSearchParams(location.search).get("loginToken");
if (loginToken) {
  history.replaceState(null, "", here);
  fetch(server + "/_matrix/client/v3/login", { method: "POST", body: JSON.stringify({ type: "m.login.token", token: loginToken }) })
    .then((response) => response.json())
    .then(({ user_id, error }) => { who.textContent = user_id ?? error; });
}
document.getElementById("again").onclick = () => {
  addEventListener("message", ({ data, origin }) => { if (origin === server) who.textContent = data; });
  window.open(server + "/_matrix/client/v3/auth/m.login.sso/fallback/web?session=s");
};
</script></body></html>`;
