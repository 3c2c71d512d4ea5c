// What a server does whose access tokens are opaque: looks up the token's hash, in a file, by a prepared statement.
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import Database from "libsql";

const SESSIONS = 100_000;

/** @param {any} settings */
export function createApp({ express, path: route, answer, token }) {
  const directory = mkdtempSync(path.join(tmpdir(), "bench-bearer-"));
  process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
  const database = new Database(path.join(directory, "sessions.sqlite"));
  database.exec("create table sessions (hash text primary key, user_id text not null) without rowid");
  const insert = database.prepare("insert into sessions values (?, ?)");
  database.exec("begin");
  for (let i = 0; i < SESSIONS; i += 1) insert.run(hash(`token ${i}`), `@user${i}:example.org`);
  insert.run(hash(token), answer.user_id);
  database.exec("commit");
  const find = database.prepare("select user_id from sessions where hash = ?");

  const app = express();
  app.get(route, (/** @type {any} */ req, /** @type {any} */ res) => {
    const session = find.get(hash(req.headers.authorization.slice("Bearer ".length)));
    if (session === undefined) throw new Error("unknown");
    res.json({ ...answer, user_id: session.user_id });
  });
  return app;
}

/** @param {string} token */
const hash = (token) => createHash("sha256").update(token).digest("hex");
