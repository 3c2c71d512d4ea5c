import { expect, test } from "@jest/globals";

import { host, loginWith, optionsWith } from "../helpers/login.js";
import { encode, token } from "../helpers/tokens.js";

const ROUNDS = 8;
const LOGINS = 25;

/** What an attacker would have parsed before the signature is looked at. */
const HEADER = encode({ alg: "HS256", typ: "JWT" });
const BRACKETS = [
  `${HEADER}.${encode(`{"sub":${"[".repeat(44_000)}`)}.AA`,
  `${HEADER}.${encode(`{"sub":${"[".repeat(22_000)}${"]".repeat(22_000)}}`)}.AA`,
];

test("60 kB of brackets as the token cost no more than any other request of the size", async () => {
  const { url, close } = await host(optionsWith());
  const cpuOf = async (one: string, padding: string) => {
    const before = process.cpuUsage();
    for (let i = 0; i < LOGINS; i += 1) await loginWith(url, one, { padding });
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
  try {
    const honest = token();
    const ratios: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const hostile = BRACKETS[round % BRACKETS.length] ?? "";
      const usual = await cpuOf(honest, "x".repeat(hostile.length - honest.length));
      ratios.push((await cpuOf(hostile, "")) / usual);
    }
    // Client and server are one process here: parsing the brackets once about doubles what both spend.
    const [median = Infinity] = ratios.toSorted((a, b) => a - b).slice(ROUNDS / 2);
    expect(median).toBeLessThan(1.5);
  } finally {
    await close();
  }
}, 30_000);
