import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { HOSTS } from "./all-hosts.mjs";
import { exchange } from "./exchange.mjs";
import { LOGIN } from "./hosts/own-login.mjs";
import { jwtLogin } from "./jwt-login.mjs";
import { requestTo } from "./request.mjs";
import { BODIES, NOT_OURS } from "./requests.mjs";

// Error pages would show where in the stack the middleware stands.
process.env.NODE_ENV = "production";

for (const host of HOSTS.filter(({ http2 }) => !http2)) {
  describe(`a request that is not ours, on ${host.name}`, () => {
    let alone;
    let behind;
    before(async () => {
      alone = await host.start(host.alone);
      behind = await host.start(jwtLogin());
    });
    after(() => Promise.all([alone, behind].map((server) => server.close())));

    for (const { name, bytes } of NOT_OURS) {
      test(name, async () => {
        const [expected, answer] = await Promise.all([exchange(alone.url, bytes), exchange(behind.url, bytes)]);
        assert.match(expected, /^HTTP\/1\.1 \d{3}/);
        assert.equal(answer, expected);
      });
    }
  });
}

for (const host of HOSTS.filter(({ http2 }) => http2)) {
  describe(`a request that is not ours, on ${host.name}`, () => {
    let servers;
    before(async () => {
      servers = await Promise.all([host.start(undefined), host.start(jwtLogin())]);
    });
    after(() => Promise.all(servers.map((server) => server.close())));

    for (const [name, body, own] of BODIES) {
      const headers = { "content-type": "application/json", ...lowerCase(own) };
      for (const chunked of [false, true]) {
        test(`POST, ${name}${chunked ? ", in pieces" : ""}`, async () => {
          const [expected, answer] = await Promise.all(
            servers.map(async ({ url }) => {
              const {
                status,
                headers: answered,
                text,
              } = await requestTo(url, host)("POST", LOGIN, { headers, body, chunked });
              return { status, headers: { ...answered, date: "-" }, text };
            }),
          );
          assert.deepEqual(answer, expected);
        });
      }
    }
  });
}

/** Without what HTTP/2 has no header for. */
function lowerCase(headers = {}) {
  const entries = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  return Object.fromEntries(entries.filter(([name, value]) => value !== undefined && name !== "expect"));
}
