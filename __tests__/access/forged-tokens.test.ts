import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { expect, test } from "@jest/globals";
import { createBearerAuth } from "matrix-jwt-login";

import { SECRET } from "../helpers/keys.js";
import { accessToken, bearer } from "./helpers/guarded.js";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

function heap(): number {
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

test("8,000 different forged tokens leave nothing behind, and every token in use where it is", async () => {
  let verified = 0;
  const authorize = () => {
    verified += 1;
    return true;
  };
  const { authenticate } = createBearerAuth({
    serverName: "example.org",
    tokens: { secret: SECRET, authorize },
    cache: { maxEntries: 100 },
    logger: false,
  });
  const honest = Array.from({ length: 100 }, (_, jti) => bearer(accessToken({ jti })));
  const [, , signature] = accessToken().split(".") as [string, string, string];
  const forged = (jti: number) => {
    const text = accessToken({ jti, padding: "x".repeat(500) });
    return bearer(text.slice(0, text.lastIndexOf(".") + 1) + signature);
  };
  const flood = async (from: number, to: number) => {
    for (let i = from; i < to; i += 1) {
      const text = await authenticate(forged(i)).then(() => "accepted", String);
      if (!text.includes("signature")) throw new Error(`token ${String(i)}: ${text}`);
    }
  };
  for (const each of honest) await authenticate(each);
  await flood(0, 2_000);
  const before = heap();
  await flood(2_000, 10_000);
  // Kept, they would be 6 MB of text alone.
  expect(heap() - before).toBeLessThan(3 * 2 ** 20);
  for (const each of honest) await authenticate(each);
  expect(verified).toBe(100);
}, 60_000);
