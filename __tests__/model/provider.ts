import type { Fetch } from "matrix-jwt-login";

import { ISSUER, SETTINGS } from "./settings.js";
import { ANCHOR, jwkOf, KIDS } from "./tokens.js";
import { Timeline } from "./timeline.js";
import { seconds, sleep } from "./time.js";

export type Part = "discovery" | "keys" | "introspection";

/** What an endpoint does when it is asked. All but the first two are outages. */
export const BEHAVIOURS = ["answers", "slow", "late", "refuses", "fails", "hangs", "drips", "nonsense"] as const;
export type Behaviour = (typeof BEHAVIOURS)[number];

/** A question to the provider, and how it ended. */
export interface Exchange {
  readonly process: number;
  readonly url: string;
  readonly asked: number;
  /** When it was answered or given up. */
  ended?: number;
  /** Of keys: which ones the answer had, if all of it came in time. */
  kids?: readonly string[];
}

const DISCOVERY = `${ISSUER}/.well-known/openid-configuration`;
export const INTROSPECTION = `${ISSUER}/introspect`;
const GOOD_AT_FIRST = ["key 0", "key 1", "token 0", "token 1"];
const NEVER = new Promise<never>(() => undefined);

/** An identity provider: what it does, and a record of what it did. */
export class Provider {
  readonly exchanges: Exchange[] = [];
  readonly behaviour: Readonly<Record<Part, Timeline<Behaviour>>> = {
    discovery: new Timeline<Behaviour>("answers"),
    keys: new Timeline<Behaviour>("answers"),
    introspection: new Timeline<Behaviour>("answers"),
  };
  /** Keys and tokens that are good. */
  readonly good = new Map<string, Timeline<boolean>>();
  /** Where the keys are. */
  readonly place = new Timeline(`${ISSUER}/keys/0`);

  goodOf(name: string): Timeline<boolean> {
    const known = this.good.get(name) ?? new Timeline(GOOD_AT_FIRST.includes(name));
    this.good.set(name, known);
    return known;
  }

  /** Did an endpoint answer all that was asked in this time, soon enough? */
  works(part: Part, from: number, to: number): boolean {
    return this.behaviour[part].always((behaviour) => behaviour === "answers" || behaviour === "slow", from, to);
  }

  /**
   * Could keys be had at any moment of this time? Where they moved, the old place may hang: then the discovery document has
   * to grow old first.
   */
  givesKeys(from: number, to: number): boolean {
    const { cacheMaxAge, cooldown, timeout } = SETTINGS;
    const settled = from - 2 * cacheMaxAge - cooldown - 2 * timeout;
    return this.works("discovery", from, to) && this.works("keys", from, to) && !this.place.changed(settled, to);
  }

  fetchOf(process: number): Fetch {
    return async (url, { body, signal }) => {
      const exchange: Exchange = { process, url, asked: seconds() };
      this.exchanges.push(exchange);
      signal.addEventListener("abort", () => (exchange.ended ??= seconds()));
      const part = url === DISCOVERY ? "discovery" : url === INTROSPECTION ? "introspection" : "keys";
      const behaviour = this.behaviour[part].now;
      // What it says is as of when it was asked, however late it comes.
      const kids = [ANCHOR, ...KIDS.filter((kid) => this.goodOf(kid).now)];
      const text = this.#text(part, url, kids, body);
      await sleep({ slow: 1, late: 7 }[behaviour as string] ?? 0.05);
      if (behaviour === "refuses") throw new Error("refused");
      if (behaviour === "hangs") return NEVER;
      let sent = false;
      return {
        status: behaviour === "fails" ? 500 : text === undefined ? 404 : 200,
        redirected: false,
        headers: { get: () => null },
        body: {
          getReader: () => ({
            read: async () => {
              if (behaviour === "drips" && !signal.aborted) {
                await sleep(1);
                return { done: false, value: Buffer.from(" ") };
              }
              if (!sent) {
                sent = true;
                return { done: false, value: Buffer.from(behaviour === "nonsense" ? "[]" : (text ?? "")) };
              }
              exchange.ended ??= seconds();
              if (part === "keys" && behaviour !== "nonsense" && text !== undefined && !signal.aborted) {
                exchange.kids = kids;
              }
              return { done: true };
            },
            cancel: () => Promise.resolve(),
          }),
        },
      };
    };
  }

  #text(part: Part, url: string, kids: readonly string[], body: string | undefined): string | undefined {
    if (part === "discovery") return JSON.stringify({ issuer: ISSUER, jwks_uri: this.place.now });
    if (part === "keys") return url === this.place.now ? JSON.stringify({ keys: kids.map(jwkOf) }) : undefined;
    const token = new URLSearchParams(body).get("token") ?? "";
    return JSON.stringify(
      this.goodOf(token.replace("-", " ")).now ? { active: true, sub: "alice", jti: token } : { active: false },
    );
  }
}
