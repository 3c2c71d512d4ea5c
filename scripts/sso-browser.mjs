// A browser, as far as single sign-on needs one.
/* global URLSearchParams */
/** Keeps cookies, and follows redirects on this machine. */
export class Browser {
  #cookies = new Map();
  /** Which answered its requests to the Matrix server, in turn. */
  replicas = [];

  /** From the redirect to the development provider, and back home with a login token, or to an error page. */
  async signIn(server, client) {
    const query = new URLSearchParams({ redirectUrl: client });
    const page = await this.follow(`${server}/_matrix/client/v3/login/sso/redirect/example?${query}`);
    if (!page.url.includes("/sign-in/")) return page;
    return this.follow(page.url, { method: "POST", body: new URLSearchParams({ user: "alice" }) });
  }

  async follow(url, init = {}) {
    const cookie = Array.from(this.#cookies, (pair) => pair.join("=")).join("; ");
    const response = await fetch(url, { ...init, redirect: "manual", headers: { Cookie: cookie } });
    const replica = response.headers.get("x-replica");
    if (replica !== null) this.replicas.push(replica);
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      this.#cookies.set(name, value);
    }
    const location = response.headers.get("location") ?? undefined;
    const text = await response.text();
    const next = location === undefined ? undefined : new URL(location, url);
    if (next?.hostname === "127.0.0.1") return this.follow(next.href);
    return { url, status: response.status, location, text };
  }
}
