import { describe, expect, jest, test } from "@jest/globals";

import { pageAnswers, redirect, type PageContent } from "../../lib/sso/answer.js";
import type { SsoPage } from "../../lib/sso/page.js";
import { silentLogger } from "../../lib/support/logger.js";

const HOSTILE = `<script>"'&</script>`;
const ESCAPED = "&#60;script&#62;&#34;&#39;&#38;&#60;/script&#62;";

const content: PageContent = { status: 200, kind: "confirm", title: "Title", text: "One\nTwo", actions: [] };
const page = pageAnswers(undefined, silentLogger);

const policyOf = ({ headers }: { headers: Readonly<Record<string, unknown>> }): string =>
  String(headers["Content-Security-Policy"]);
const nonceOf = (answer: { headers: Readonly<Record<string, unknown>> }): string =>
  /'nonce-([\w-]{22})'/.exec(policyOf(answer))?.[1] ?? "";

describe("a page", () => {
  test("is kept nowhere, framed nowhere, and allows its own styles and forms alone", () => {
    const answer = page(content);
    expect(answer.status).toBe(200);
    expect(answer.headers).toEqual({
      "Content-Type": "text/html; charset=utf-8",
      "Cache-Control": "no-store",
      "Referrer-Policy": "same-origin",
      "X-Content-Type-Options": "nosniff",
      "Content-Security-Policy":
        `default-src 'none'; style-src 'nonce-${nonceOf(answer)}'; form-action 'self'; ` +
        "frame-ancestors 'none'; base-uri 'none'",
    });
    expect(answer.body).toContain(`<style nonce="${nonceOf(answer)}">`);
    expect(answer.body).not.toContain("<script");
  });

  test("has a nonce of its own each time", () => {
    expect(nonceOf(page(content))).not.toBe(nonceOf(page(content)));
  });

  test("names its language, has a heading, and fits a phone", () => {
    const { body } = page(content);
    expect(body).toContain('<html lang="en">');
    expect(body).toContain("<h1>Title</h1>\n<p>One</p>\n<p>Two</p>");
    expect(body).toContain('name="viewport"');
  });

  test("has nothing in it but what it was given", () => {
    const mainOf = (made: Partial<PageContent>) => {
      const { body } = page({ ...content, ...made });
      return body.slice(body.indexOf("<main"), body.indexOf("</html>")).replace(/\n+/g, "\n");
    };
    expect(mainOf({})).toBe(`<main class="confirm">\n<h1>Title</h1>\n<p>One</p>\n<p>Two</p>\n</main>\n</body>\n`);
    const link = { label: "A", href: "/a" };
    const button = { label: "B", action: "/b", fields: { c: "1", d: "2" } };
    expect(mainOf({ text: "One", actions: [link, button] })).toBe(
      `<main class="confirm">\n<h1>Title</h1>\n<p>One</p>\n<ul>\n<li><a href="/a">A</a></li>\n` +
        `<li><form method="post" action="/b"><input type="hidden" name="c" value="1">` +
        `<input type="hidden" name="d" value="2"><button type="submit">B</button></form></li>\n</ul>\n</main>\n</body>\n`,
    );
  });

  test("escapes all that it is given", () => {
    const { body } = page({
      ...content,
      title: HOSTILE,
      text: HOSTILE,
      actions: [
        { label: HOSTILE, href: HOSTILE },
        { label: HOSTILE, action: HOSTILE, fields: { [HOSTILE]: HOSTILE } },
      ],
    });
    expect(body).not.toContain("<script");
    expect(body.split(ESCAPED)).toHaveLength(10);
  });

  test("names where its forms lead, each once", () => {
    const answer = page({ ...content, formTargets: ["https://a.example", "element:", "https://a.example"] });
    expect(policyOf(answer)).toContain("; form-action 'self' https://a.example element:; ");
  });

  test("runs one script if it must, by its nonce", () => {
    const answer = page({ ...content, script: "done()", keepOpener: true });
    expect(policyOf(answer)).toContain(`; script-src 'nonce-${nonceOf(answer)}'; `);
    expect(answer.body).toContain(`<script nonce="${nonceOf(answer)}">done()</script>`);
    expect(answer.headers["Cross-Origin-Opener-Policy"]).toBe("unsafe-none");
  });

  test("can set cookies, and say when to try again", () => {
    const { headers } = page({ ...content, cookies: ["a=b"], retryAfter: 5 });
    expect(headers).toMatchObject({ "Set-Cookie": ["a=b"], "Retry-After": "5" });
  });
});

describe("a host's own look", () => {
  test("is given the texts as they are", () => {
    const render = jest.fn<(page: SsoPage) => string>(() => "<p>mine</p>");
    const answer = pageAnswers(render, silentLogger)({ ...content, title: HOSTILE, script: "done()" });
    expect(answer.body).toBe("<p>mine</p>");
    expect(render).toHaveBeenCalledWith({
      kind: "confirm",
      title: HOSTILE,
      text: "One\nTwo",
      actions: [],
      nonce: nonceOf(answer),
      script: "done()",
    });
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("broken");
      },
      new Error("broken"),
    ],
    ["gives no string", () => 1, new TypeError("sso.page must return a string")],
    ["is async and rejects", () => Promise.reject(new Error("late")), new TypeError("sso.page must return a string")],
  ])("that %s is logged, and replaced by ours", (_, render, cause) => {
    const error = jest.fn();
    const answer = pageAnswers(render, { ...silentLogger, error })(content);
    expect(answer.body).toContain("<h1>Title</h1>");
    expect(error).toHaveBeenCalledWith(new Error("matrix-jwt-login: sso.page failed", { cause }));
  });
});

describe("a redirect", () => {
  test("is kept nowhere", () => {
    expect(redirect(302, "https://a.example/")).toEqual({
      status: 302,
      headers: { Location: "https://a.example/", "Cache-Control": "no-store", "Referrer-Policy": "same-origin" },
      body: "",
    });
  });

  test("can set cookies and keep the opener", () => {
    expect(redirect(303, "/", { cookies: ["a=b"], keepOpener: true }).headers).toMatchObject({
      "Set-Cookie": ["a=b"],
      "Cross-Origin-Opener-Policy": "unsafe-none",
    });
  });
});
