import { createHmac, randomUUID } from "node:crypto";
import { Agent, request } from "node:http";

const encode = (part) => Buffer.from(JSON.stringify(part)).toString("base64url");

/** A token that no other has been: with `jti`, the same one again. */
export function mintToken(secret, claims) {
  const now = Math.floor(Date.now() / 1000);
  const input = `${encode({ alg: "HS256", typ: "JWT" })}.${encode({ jti: randomUUID(), iat: now, exp: now + 600, ...claims })}`;
  return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
}

export const agent = new Agent({ keepAlive: true, maxSockets: Infinity });

/** One use of a token: the answer's status, 0 where there was none, and the access token that it gave. */
export function logIn(server, token) {
  const sentAt = performance.now();
  return new Promise((resolve) => {
    const done = (status, text) => {
      const { access_token: accessToken } = status === 200 ? JSON.parse(text) : {};
      resolve({ token, status, accessToken, sentAt, answeredAt: performance.now() });
    };
    const outgoing = request(`${server}/_matrix/client/v3/login`, { method: "POST", agent }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk) => (text += chunk));
      response.on("end", () => done(response.statusCode, text));
      response.on("error", () => done(0));
    });
    outgoing.setTimeout(30_000, () => outgoing.destroy());
    outgoing.on("error", () => done(0));
    outgoing.end(JSON.stringify({ type: "org.matrix.login.jwt", token }));
  });
}

/** How many answers have which status. */
export function statusesOf(answers) {
  const counts = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

/**
 * Clients that log in again and again until they are told to stop. As clients do, one whose login failed (5xx, or no
 * answer) tries the same token again; and as attackers do, each uses its token once more when it has logged in.
 */
export class Load {
  answers = [];
  #stopped = false;
  #clients;

  constructor(server, secret, clients) {
    this.#clients = Array.from({ length: clients }, async (_, i) => {
      while (!this.#stopped) {
        const token = mintToken(secret, { sub: `load${i % 10}` });
        while ((await this.#use(server, token)) >= 500 && !this.#stopped) await pause(50);
        await this.#use(server, token);
      }
    });
  }

  async #use(server, token) {
    const answer = await logIn(server, token);
    this.answers.push(answer);
    return answer.status === 0 ? 599 : answer.status;
  }

  async stop() {
    this.#stopped = true;
    await Promise.all(this.#clients);
    return this.answers;
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
