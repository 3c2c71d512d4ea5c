// Sends the recorded oauth, oidc and epa logins to the built package, each with what the identity provider answered then.
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

import express from "express";
import { fromTokenAuthenticatorConfig, MatrixError, matrixJwtLogin, OptionsError } from "matrix-jwt-login";

/** Gives what the package answers to each case, by its ID, and whether it starts with each configuration, by its name. */
export async function replayOther({ serverName, users, pem, groups }) {
  const folder = mkdtempSync(join(tmpdir(), "conformance-"));
  for (const [name, text] of Object.entries(pem)) writeFileSync(join(folder, name), text);
  const provider = await startProvider();
  // The provider's names are made this machine's, and its files those of the folder.
  const here = (value) =>
    JSON.parse(
      JSON.stringify(value)
        .replaceAll(/http:\/\/(?:idp|evil)\.test/g, provider.url)
        .replaceAll(/"(jwk_file|enc_jwk_file)":"/g, `"$1":"${folder}/`),
    );
  const answers = new Map();
  const realNow = Date.now;
  try {
    for (const { name, config, cases = [] } of groups) {
      const start = () => appOf(serverName, users, here(config));
      answers.set(name, canStart(start) ? "starts" : "options");
      for (const recorded of cases) {
        if (answers.get(name) === "options") answers.set(recorded.id, { status: "options" });
        else answers.set(recorded.id, await answerTo(start(), { ...recorded, idp: here(recorded.idp) }, provider));
      }
    }
  } finally {
    Date.now = realNow;
    provider.close();
    rmSync(folder, { recursive: true });
  }
  return answers;
}

async function startProvider() {
  const provider = { answers: {}, url: "", close: () => server.closeAllConnections() ?? server.close() };
  const server = createServer((req, res) => {
    const answer = provider.answers[provider.url + req.url] ?? { status: 404, headers: {}, body: "" };
    if (answer.drop) req.socket.destroy();
    else res.writeHead(answer.status, answer.headers).end(answer.body);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  provider.url = `http://127.0.0.1:${String(server.address().port)}`;
  return provider;
}

function canStart(start) {
  try {
    start();
    return true;
  } catch (error) {
    if (error instanceof OptionsError) return false;
    throw error;
  }
}

/** A host that keeps users, and external IDs as `check_external_id` does. */
function appOf(serverName, recordedUsers, config) {
  const users = new Map(recordedUsers.map((user) => [user.id, user]));
  const links = new Map(recordedUsers.flatMap(({ id, externalIds }) => externalIds.map((one) => [one.join(" "), id])));
  const externalIds = {
    find: ({ issuer, subject }) => links.get(`${issuer} ${subject}`),
    link: ({ issuer, subject }, userId) => Boolean(links.set(`${issuer} ${subject}`, userId)),
    existingUsers: ({ id }) => ![...links.values()].includes(id),
  };
  const isLinking = config.oauth !== undefined && config.oauth.check_external_id !== false;
  return express().use(
    matrixJwtLogin({
      serverName,
      loginTypes: fromTokenAuthenticatorConfig(config),
      findUser: (userId) => {
        const user = users.get(userId);
        if (user?.deactivated) throw new MatrixError("M_USER_DEACTIVATED");
        return user;
      },
      registerUser: (id, { externalId }) => {
        if (externalId !== undefined) links.set(`${externalId.issuer} ${externalId.subject}`, id);
        users.set(id, { id, externalIds: [] });
        return users.get(id);
      },
      issueToken: ({ id }, { deviceId }) => ({ accessToken: `${id} on ${deviceId}` }),
      ...(isLinking && { externalIds }),
      unknownLoginType: "reject",
      flows: "replace",
      logger: false,
    }),
  );
}

async function answerTo(app, { clock, idp, preceding = [], ...request }, provider) {
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  Date.now = () => clock * 1000;
  provider.answers = idp;
  try {
    const url = `http://127.0.0.1:${String(server.address().port)}${request.path}`;
    for (const { body } of preceding) await send(url, { ...request, body });
    return await send(url, request);
  } finally {
    await new Promise((closed) => server.close(closed).closeAllConnections());
  }
}

async function send(url, { method, headers, body }) {
  const response = await fetch(url, { method, headers, ...(body !== undefined && { body }) });
  const { user_id } = await response.json().catch(() => ({}));
  return { status: response.status, user_id };
}
