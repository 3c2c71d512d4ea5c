import { describe, expect, test } from "@jest/globals";

import { IntrospectionUnavailableError, KeysUnavailableError, shown } from "../../lib/remote/errors.js";

test.each([IntrospectionUnavailableError, KeysUnavailableError])(
  "%p tells the operator what the client is told, unless there is more to tell",
  (Unavailable) => {
    expect(new Unavailable("later", { retryAfter: 1 }).detail).toBe("later");
    expect(new Unavailable("later", { retryAfter: 1, detail: "from a URL" }).detail).toBe("from a URL");
  },
);

describe("what somebody else wrote is shown", () => {
  test.each([
    ["see https://x", ["//", "%2F%2F"]],
    ["\u00e9 failed", ["\u00e9", "%C3%A9"]],
    ["100 %", ["secret"]],
  ])("unless it quotes a secret: %s", (text, secrets) => {
    expect(shown(text, secrets)).toBe(text);
  });

  test("no more of it than a line holds, and nothing if that would end within a secret", () => {
    const secrets = ["0123456789abcdef", "key+with space"];
    expect(shown("+".repeat(1_000_000), secrets)).toHaveLength(4_001);
    const long = "s".repeat(100_000);
    expect(shown(`failed: ${long}`, [long])).toMatch(/^an error that is not shown/);
    expect(shown(`failed: ${long.replaceAll("s", "%73")}`, [long])).toMatch(/^an error that is not shown/);
    expect(shown(`${"+".repeat(3_990)}${secrets.join("")}`, secrets)).toMatch(/^an error that is not shown/);
  });
});
