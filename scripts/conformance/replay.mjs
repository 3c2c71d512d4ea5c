// Sends recorded requests to the built package, each at the time at which it was recorded.
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import express from "express";
import { matrixJwtLogin } from "matrix-jwt-login";

/** Gives the recording's groups back, with what the package answers now as `answer` of each case. */
export async function replay({ serverName, users, pem, groups }, loginTypesOf) {
  const folder = mkdtempSync(join(tmpdir(), "conformance-"));
  for (const [name, text] of Object.entries(pem)) writeFileSync(join(folder, name), text);
  const known = new Set(users);
  const realNow = Date.now;
  const answered = [];
  try {
    for (const { name, config, cases } of groups) {
      const server = hostOf({ serverName, known, loginTypes: loginTypesOf(withKeyFileIn(folder, config)) });
      await once(server, "listening");
      const url = `http://127.0.0.1:${String(server.address().port)}`;
      const replayed = [];
      for (const recorded of cases) {
        Date.now = () => recorded.clock * 1000;
        replayed.push({ ...recorded, answer: await answerTo(url, recorded) });
      }
      answered.push({ name, config, cases: replayed });
      await new Promise((closed) => server.close(closed).closeAllConnections());
    }
  } finally {
    Date.now = realNow;
    rmSync(folder, { recursive: true });
  }
  return answered;
}

function hostOf({ serverName, known, loginTypes }) {
  const app = express();
  app.use(
    matrixJwtLogin({
      serverName,
      loginTypes,
      findUser: (userId) => (known.has(userId) ? userId : undefined),
      registerUser: (userId) => known.add(userId) && userId,
      issueToken: (userId, { deviceId }) => ({ accessToken: `${userId} on ${deviceId}` }),
      unknownLoginType: "reject",
      flows: "replace",
      logger: false,
    }),
  );
  return app.listen(0, "127.0.0.1");
}

async function answerTo(url, { method, path, headers, body, bodyBase64 }) {
  const content = bodyBase64 === undefined ? body : Buffer.from(bodyBase64, "base64");
  const response = await fetch(url + path, { method, headers, body: content });
  const { errcode = null, user_id } = await response.json().catch(() => ({}));
  return { status: response.status, errcode, ...(user_id !== undefined && { user_id }) };
}

function withKeyFileIn(folder, config) {
  return config.jwt?.keyfile === undefined
    ? config
    : { jwt: { ...config.jwt, keyfile: join(folder, config.jwt.keyfile) } };
}
