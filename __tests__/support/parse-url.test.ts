import { expect, test } from "@jest/globals";

import { parseUrl } from "../../lib/support/parse-url.js";

test("a URL is read, however hot the code is by then", () => {
  const texts = ["https://bücher.example/", "https://a.example/"];
  const hosts = new Set<string | undefined>();
  for (let times = 0; times < 100_000; times += 1) hosts.add(parseUrl(texts[times % 2] ?? "")?.host);
  expect([...hosts]).toEqual(["xn--bcher-kva.example", "a.example"]);
});

test.each(["", "a", "//a.example", "https://", "https://a b"])("%j is no URL", (text) => {
  expect(parseUrl(text)).toBeUndefined();
});
