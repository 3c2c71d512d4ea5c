/** Where a browser has come to. */
export interface Visited {
  readonly status: number;
  /** The URL that was answered so. */
  readonly url: string;
  readonly headers: Headers;
  readonly text: string;
}

/** A browser without a window: keeps cookies, follows redirects on loopback, and fills in forms. */
export class TestBrowser {
  /** By name, for all hosts: on loopback, browsers keep them whatever the port. */
  readonly cookies = new Map<string, string>();
  /** All `Set-Cookie` headers so far. */
  readonly received: string[] = [];

  async request(url: string, init: RequestInit = {}): Promise<Visited> {
    const cookie = Array.from(this.cookies, ([name, value]) => `${name}=${value}`).join("; ");
    const headers = { ...(init.headers as Record<string, string> | undefined), ...(cookie !== "" && { cookie }) };
    const response = await fetch(url, { ...init, redirect: "manual", headers });
    for (const line of response.headers.getSetCookie()) {
      this.received.push(line);
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/; Max-Age=0(?:;|$)/.test(line)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return { status: response.status, url, headers: response.headers, text: await response.text() };
  }

  /** Goes to a URL, and on to where it leads. A redirect that leads off loopback is not followed. */
  async visit(url: string, init: RequestInit = {}): Promise<Visited> {
    let answer = await this.request(url, init);
    for (let hops = 0; isRedirect(answer) && hops < 10; hops += 1) {
      const next = new URL(location(answer), answer.url);
      if (next.hostname !== "127.0.0.1") break;
      answer = await this.request(next.href);
    }
    return answer;
  }

  /** Presses the button with this label of a page. */
  async press({ text }: Visited, label: string): Promise<Visited> {
    const form = Array.from(text.matchAll(/<form[^>]* action="([^"]*)">(.*?)<\/form>/gs)).find(([html]) =>
      html.includes(`>${label}<`),
    );
    const [, action = "", inner = ""] = form ?? [];
    const fields = Array.from(inner.matchAll(/name="([^"]*)" value="([^"]*)"/g), ([, name = "", value = ""]) => [
      unescape(name),
      unescape(value),
    ]);
    return this.visit(unescape(action), { method: "POST", body: new URLSearchParams(fields as [string, string][]) });
  }
}

export function location({ headers }: Visited): string {
  return headers.get("location") ?? "";
}

/** Where the link with this label of a page leads. */
export function link({ text }: Visited, label: string): string {
  const [, href = ""] = new RegExp(`<a href="([^"]*)">${label}<`).exec(text) ?? [];
  return unescape(href);
}

/** The login token with which a browser came home. */
export function loginTokenIn(visited: Visited): string {
  return new URL(location(visited)).searchParams.get("loginToken") ?? "";
}

function isRedirect({ status }: Visited): boolean {
  return status === 302 || status === 303;
}

function unescape(text: string): string {
  return text.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
}
