import { createPublicKey, generateKeyPairSync, sign } from "node:crypto";

const ISSUER = "https://id.example.org";
export const JWKS_URI = `${ISSUER}/keys`;

/** Seconds from a question to its answer, if nobody else asks. */
const LATENCY = 0.05;
const MS = 1_000;

/** An identity provider under virtual time, as a `fetch` that counts. */
export class Provider {
  /** Times of all requests, in seconds. */
  requests = [];
  kids = ["old"];
  down = false;
  /** How many requests it answers in a second. Others queue, whether their client still waits or not. */
  perSecond = Infinity;
  /** How long a cache in front of it gives the same answer to all, in seconds. */
  cached = 0;
  #time;
  #kept = { at: -Infinity, answer: undefined };
  #freeAt = 0;

  constructor(time) {
    this.#time = time;
  }

  fetch = async () => {
    const now = this.#time.now / MS;
    if (now - this.#kept.at >= this.cached) this.#kept = { at: now, answer: this.#answer(now) };
    const body = await this.#kept.answer;
    return new Response(body, { headers: { "content-type": "application/json" } });
  };

  async #answer(now) {
    this.requests.push(now);
    const body = JSON.stringify({ keys: this.kids.map((kid) => KEYS[kid].jwk) });
    if (this.down) throw new Error("connection refused");
    this.#freeAt = Math.max(this.#freeAt, now) + 1 / this.perSecond;
    await new Promise((resolve) => setTimeout(resolve, (this.#freeAt - now + LATENCY) * MS));
    return body;
  }

  /** Requests from one time to another, in seconds, and of these the most in one second. */
  load(from = 0, to = Infinity) {
    const all = this.requests.filter((time) => time >= from && time < to);
    const seconds = new Map();
    for (const time of all) seconds.set(Math.floor(time), (seconds.get(Math.floor(time)) ?? 0) + 1);
    return { requests: all.length, peak: Math.max(0, ...seconds.values()) };
  }
}

const KEYS = Object.fromEntries(["old", "new", "forged"].map((kid) => [kid, keyOf(kid)]));

function keyOf(kid) {
  const { privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  return { privateKey, jwk: { ...createPublicKey(privateKey).export({ format: "jwk" }), kid } };
}

/** A token of one of the keys; a forged one names a key that nobody has. */
export function tokenOf(key, kid = key) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = { iss: ISSUER, sub: "alice", aud: "matrix", exp: 4_000_000_000 };
  const input = `${part({ alg: "RS256", kid })}.${part(claims)}`;
  return `${input}.${sign("sha256", Buffer.from(input), KEYS[key].privateKey).toString("base64url")}`;
}

/** How a login type is set up for it. */
export function options(provider, jwksOptions = {}) {
  return {
    jwksUri: JWKS_URI,
    issuer: ISSUER,
    audience: "matrix",
    jwksOptions: { ...jwksOptions, fetch: provider.fetch },
  };
}
