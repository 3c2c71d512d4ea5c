import { describe, expect, jest, test } from "@jest/globals";

import { movableClock } from "../helpers/clock.js";
import { link, location, TestBrowser, type Visited } from "./helpers/browser.js";
import { ssoHost } from "./helpers/host.js";

const OTHER = "https://other.example/";

const fieldOf = ({ text }: Visited): string => /name="form" value="([^"]*)"/.exec(text)?.[1] ?? "";
const actionOf = ({ text }: Visited): string => /action="([^"]*)"/.exec(text)?.[1] ?? "";
const post = (browser: TestBrowser, page: Visited, form: string) =>
  browser.request(actionOf(page), { method: "POST", body: new URLSearchParams({ form }) });

/** A browser that is asked whether it means to go on. */
async function asked() {
  const host = await ssoHost();
  const browser = new TestBrowser();
  return { ...host, browser, page: await browser.visit(host.redirect(OTHER)) };
}

function expectLost(answer: Visited): void {
  expect(answer.status).toBe(400);
  expect(answer.text).toContain("no longer valid");
  expect(answer.headers.get("location")).toBeNull();
}

describe("the confirmation", () => {
  test("cannot be framed, and sends nothing to the client by itself", async () => {
    const { page } = await asked();
    expect(page.headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
    expect(page.text).not.toContain("<script");
    expect(page.text).not.toContain("http-equiv");
  });

  test("is good once", async () => {
    const { browser, page, logger } = await asked();
    const cookies = new Map(browser.cookies);
    expect((await post(browser, page, fieldOf(page))).status).toBe(303);
    expectLost(await post(browser, page, fieldOf(page)));
    for (const [name, value] of cookies) browser.cookies.set(name, value);
    expectLost(await post(browser, page, fieldOf(page)));
    expect(String(logger.lines.at(-1)?.message)).toContain("the form was sent before");
  });

  test("after the clock was set back is lost, and the log says why", async () => {
    const { browser, page, logger } = await asked();
    const clock = movableClock();
    clock.move(-70);
    const answer = await post(browser, page, fieldOf(page));
    clock.restore();
    expectLost(answer);
    expect(String(logger.lines.at(-1)?.message)).toMatch(/sign-in failed: the clock was set back: token issued in the/);
  });

  test("is of no use in another browser", async () => {
    const { page } = await asked();
    expectLost(await post(new TestBrowser(), page, fieldOf(page)));
  });

  test("is of no use beside the cookie of another confirmation", async () => {
    const { browser, page, redirect } = await asked();
    const another = new TestBrowser();
    await another.visit(redirect(OTHER));
    const [mine] = browser.cookies;
    const [theirs] = another.cookies;
    another.cookies.set(mine?.[0] ?? "", theirs?.[1] ?? "");
    expectLost(await post(another, page, fieldOf(page)));
    another.cookies.set(mine?.[0] ?? "", "short");
    expectLost(await post(another, page, fieldOf(page)));
  });

  test.each(["", "forged", "a.b.c.d.e"])("%j is none", async (form) => {
    const { browser, page } = await asked();
    expectLost(await post(browser, page, form));
  });

  test("without its field is none", async () => {
    const { browser, page } = await asked();
    expectLost(await browser.request(actionOf(page), { method: "POST", body: "x=1" }));
    expectLost(await browser.request(actionOf(page), { method: "POST" }));
  });

  test("after 10 minutes is too late", async () => {
    const { browser, page } = await asked();
    const now = Date.now();
    const clock = jest.spyOn(Date, "now").mockImplementation(() => now + 601_000);
    const answer = await post(browser, page, fieldOf(page));
    clock.mockRestore();
    expectLost(answer);
  });

  test("works in two tabs", async () => {
    const { browser, page, redirect } = await asked();
    const second = await browser.visit(redirect("app://second/"));
    expect(second.headers.get("content-security-policy")).toContain("form-action 'self' app:;");
    expect(location(await post(browser, page, fieldOf(page)))).toContain(OTHER);
    expect(location(await post(browser, second, fieldOf(second)))).toContain("app://second/?loginToken=mjl_");
  });

  test("while the store of used tokens is down is 503, and works later", async () => {
    let isDown = true;
    const used = new Set<string>();
    const usedTokens = {
      claim: (key: string) => {
        if (isDown) throw new Error("down");
        return !used.has(key) && Boolean(used.add(key));
      },
      release: (key: string) => void used.delete(key),
    };
    const { redirect } = await ssoHost({ options: { usedTokens } });
    const browser = new TestBrowser();
    const page = await browser.visit(redirect(OTHER));
    const answer = await post(browser, page, fieldOf(page));
    expect(answer.status).toBe(503);
    expect(answer.text).toContain("temporarily unavailable");
    expect(link(answer, "Try again")).toBe(redirect(OTHER, "example"));
    isDown = false;
    expect((await post(browser, page, fieldOf(page))).status).toBe(303);
  });
});
