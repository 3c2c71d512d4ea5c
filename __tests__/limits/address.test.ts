import { expect, test } from "@jest/globals";

import { core, submission } from "../helpers/core.js";
import { keysOf, scripted, statuses } from "./helpers.js";

async function keyFor(ip: string): Promise<unknown> {
  const address = scripted();
  await statuses(core({}, { rateLimits: { address } }), [submission()], { ip });
  return keysOf(address.consume)[0];
}

test.each([
  ["192.0.2.1", "192.0.2.1"],
  ["0.0.0.0", "0.0.0.0"],

  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["::FFFF:192.0.2.1", "192.0.2.1"],
  ["::ffff:c000:201", "192.0.2.1"],
  ["0:0:0:0:0:ffff:192.0.2.1", "192.0.2.1"],
  ["0000:0000:0000:0000:0000:ffff:c000:0201", "192.0.2.1"],
  ["::ffff:192.0.2.1%eth0", "192.0.2.1"],
  ["::ffff:255.255.255.255", "255.255.255.255"],

  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:db8:1:2::", "2001:db8:1:2::/64"],
  ["2001:0DB8:0001:0002:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"],
  ["2001:db8:1:2::192.0.2.1", "2001:db8:1:2::/64"],
  ["2001:db8:1:3::", "2001:db8:1:3::/64"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["2001:db8::", "2001:db8:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["::", "0:0:0:0::/64"],
  ["1::", "1:0:0:0::/64"],
  ["::2:3:4:5:6:7:8", "0:2:3:4::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["fe80::1", "fe80:0:0:0::/64"],
  ["::192.0.2.1", "0:0:0:0::/64"],
  ["64:ff9b::192.0.2.1", "64:ff9b:0:0::/64"],
  ["::ffff:0:192.0.2.1", "0:0:0:0::/64"],

  // As proxies may send it in X-Forwarded-For.
  ["192.0.2.1:49152", "192.0.2.1"],
  ["[2001:db8:1:2::1]:49152", "2001:db8:1:2::/64"],
  ["[2001:db8:1:2::1]", "2001:db8:1:2::/64"],
  ["[::ffff:192.0.2.1]:80", "192.0.2.1"],

  ["unknown", "unknown"],
  ["_hidden", "_hidden"],
  ["192.0.2.300", "192.0.2.300"],
  ["1:2", "1:2"],
  [`${"x".repeat(64)}y`, "x".repeat(64)],
])("an attempt from %s counts for %s", async (ip, place) => {
  expect(await keyFor(ip)).toBe(`address:${place}`);
});
