// A host under Bun or Deno, by their own servers or by their node:http. Says its address, and lives until its input ends.
import { createServer } from "node:http";

import { jwtLogin } from "./jwt-login.mjs";
import { fetchHost } from "./hosts/fetch.mjs";
import { answer } from "./hosts/own-login.mjs";

const [by, setup] = process.argv.slice(2);
const { Bun, Deno } = globalThis;

function listen() {
  if (by === "node:http") {
    const login = setup === undefined ? undefined : jwtLogin(setup);
    const server = createServer((req, res) => {
      if (login === undefined) void answer(req, res);
      else login(req, res, () => void answer(req, res));
    });
    server.listen(0, "127.0.0.1", () => console.log(server.address().port));
    return;
  }
  const host = fetchHost(setup);
  if (Bun !== undefined) console.log(Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: host }).port);
  else Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: ({ port }) => console.log(port) }, host);
}

listen();
process.stdin.resume().on("end", () => process.exit());
