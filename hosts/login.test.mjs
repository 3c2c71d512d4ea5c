import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { HOSTS } from "./all-hosts.mjs";
import { LOGIN } from "./hosts/own-login.mjs";
import { jwtLogin, token, TYPE } from "./jwt-login.mjs";
import { requestTo } from "./request.mjs";

for (const host of HOSTS) {
  describe(`a login by JWT on ${host.name}`, () => {
    let server;
    let request;
    before(async () => {
      server = await host.start(jwtLogin());
      request = requestTo(server.url, host);
    });
    after(() => server.close());

    test("has its flow beside the host's own", async () => {
      const { status, json, headers } = await request("GET", LOGIN);
      assert.equal(status, 200);
      assert.deepEqual(
        json.flows.map(({ type }) => type),
        ["m.login.password", TYPE],
      );
      assert.equal(headers["access-control-allow-origin"], "*");
    });

    test("answers HEAD as GET, without a body and without a wrong length", async () => {
      const { headers: ofGet, text } = await request("GET", LOGIN);
      const head = await request("HEAD", LOGIN);
      assert.equal(head.status, 200);
      assert.equal(head.text, "");
      assert.equal(head.headers["content-type"], ofGet["content-type"]);
      const length = head.headers["content-length"];
      assert.ok(length === undefined || Number(length) === Buffer.byteLength(text), `Content-Length: ${length}`);
    });

    test("answers a preflight", async () => {
      const { status, headers } = await request("OPTIONS", LOGIN);
      assert.equal(status, 204);
      assert.match(headers["access-control-allow-methods"], /POST/);
    });

    for (const [what, headers] of [
      ["JSON", { "content-type": "application/json" }],
      ["JSON in a form's type, as curl sends it", { "content-type": "application/x-www-form-urlencoded" }],
      ["JSON as text", { "content-type": "text/plain;charset=UTF-8" }],
      ["JSON without a content type", {}],
    ]) {
      for (const chunked of [false, true]) {
        test(`takes ${what}${chunked ? ", chunked" : ""}`, async () => {
          const body = JSON.stringify({ type: TYPE, token: token() });
          const { status, json } = await request("POST", LOGIN, { headers, body, chunked });
          assert.deepEqual([status, json.user_id, json.access_token], [200, "@alice:example.org", "jwt"]);
        });
      }
    }

    for (const [what, sent, status, errcode] of [
      [
        "a forged token",
        () => ({ token: token({}, "another secret, that nobody but the forger knows") }),
        403,
        "M_FORBIDDEN",
      ],
      ["an expired token", () => ({ token: token({ exp: 1 }) }), 403, "M_FORBIDDEN"],
      ["no token", () => ({}), 403, "M_FORBIDDEN"],
      ["a device that is no string", () => ({ token: token(), device_id: 7 }), 400, "M_INVALID_PARAM"],
    ]) {
      test(`refuses ${what} with ${status} ${errcode}`, async () => {
        const body = JSON.stringify({ type: TYPE, ...sent() });
        const answer = await request("POST", LOGIN, { headers: { "content-type": "application/json" }, body });
        assert.deepEqual([answer.status, answer.json.errcode], [status, errcode]);
        assert.equal(answer.headers["cache-control"], "no-store");
      });
    }
  });

  describe(`rate limits behind a proxy, on ${host.name}`, () => {
    let server;
    let request;
    before(async () => {
      server = await host.start(jwtLogin("limited"));
      request = requestTo(server.url, host);
    });
    after(() => server.close());

    test("count by the address that `clientAddress` gives", async () => {
      const attempt = async (address) => {
        const body = JSON.stringify({ type: TYPE, token: token() });
        const headers = { "content-type": "application/json", "x-client-address": address };
        return (await request("POST", LOGIN, { headers, body })).status;
      };
      const statuses = [];
      for (const address of ["192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2"]) statuses.push(await attempt(address));
      assert.deepEqual(statuses, [200, 200, 429, 200]);
    });
  });
}
