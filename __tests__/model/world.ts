import type { BearerAuth, JwtLogin, MatrixError } from "matrix-jwt-login";
import type * as AllOfLib from "matrix-jwt-login";

import { SECRET } from "../helpers/keys.js";
import { INTROSPECTION, Provider } from "./provider.js";
import { CACHE_AGE, ISSUER, SETTINGS, TOLERANCE } from "./settings.js";
import { UsedTokenTable, WindowLimiter, type Window } from "./stores.js";
import { seconds, sleep } from "./time.js";
import { textOf } from "./tokens.js";

export type Lib = Pick<typeof AllOfLib, "createBearerAuth" | "createJwtLogin" | "createKeyCache">;
type Way = "login" | "again" | "bearer";

/** A token that somebody sent, and what became of it. */
export interface Question {
  readonly process: Process;
  /** What the model knows it by. See {@link textOf}. */
  readonly token: string;
  readonly way: Way;
  readonly asked: number;
  /** Seconds that the host's callbacks take. */
  readonly slow: number;
  settled?: number;
  /** `"200"`, or status and reason, as in `"403 unknown_key"`. */
  verdict?: string;
  /** The limiter's window that a point of it was taken from. */
  window?: Window;
}

export type Replica = 0 | 1;

/** How a token is sent. */
export interface Sent {
  readonly token: string;
  readonly way: Way;
  /** Unless set, a client of its own. */
  readonly ip?: string;
  readonly slow?: number;
  readonly fails?: boolean;
}

interface Req {
  readonly slow: number;
  readonly fails: boolean;
  reason?: string;
}

/** One provider, what the replicas share, and all that happens. */
export class World {
  readonly provider = new Provider();
  readonly usedTokens = new UsedTokenTable();
  readonly failures = new WindowLimiter((window) => {
    if (this.#asking !== undefined) this.#asking.window = window;
  });
  readonly questions: Question[] = [];
  /** How far the clock was set, and when. */
  readonly jumps: { readonly at: number; readonly by: number }[] = [];
  readonly #lib: Lib;
  readonly #replicas: [Process, Process];
  #started = 0;
  #asking: Question | undefined;

  constructor(lib: Lib) {
    this.#lib = lib;
    this.#replicas = [this.#start(), this.#start()];
  }

  /** What was under way in the replica is lost. */
  restart(replica: Replica): void {
    this.#replicas[replica].ended = seconds();
    this.#replicas[replica] = this.#start();
  }

  /** Sends a token; `turn` is over when its limiter was asked. */
  async ask(replica: Replica, sent: Sent, turn: () => Promise<void>): Promise<void> {
    const process = this.#replicas[replica];
    const { token, way, slow = 0 } = sent;
    const question: Question = { process, token, way, slow, asked: seconds() };
    this.questions.push(question);
    this.#asking = question;
    void process.ask({ ip: `client ${String(this.questions.length)}`, ...sent }).then((verdict) => {
      if (process.ended !== undefined) return;
      question.settled = seconds();
      question.verdict = verdict;
    });
    await turn();
    this.#asking = undefined;
  }

  #start(): Process {
    this.#started += 1;
    return new Process(this.#started, this, this.#lib);
  }
}

/** A replica from its start until it is killed. */
class Process {
  /** How often the clock had been set when it started. */
  readonly jumpsBefore: number;
  ended: number | undefined;
  readonly id: number;
  readonly #login: JwtLogin<Req>;
  readonly #bearer: (introspected: boolean) => BearerAuth<undefined, Req>;

  constructor(id: number, { provider, usedTokens, failures, jumps }: World, lib: Lib) {
    this.id = id;
    this.jumpsBefore = jumps.length;
    const fetch = provider.fetchOf(id);
    const settings = { ...SETTINGS, fetch };
    const keys = { issuer: ISSUER, discover: true, audience: null, jwksOptions: settings } as const;
    const introspection = { endpoint: INTROSPECTION, timeout: SETTINGS.timeout, fetch };
    const secret = { secret: SECRET } as const;
    const shared = {
      serverName: "example.org",
      logger: false as const,
      keyCache: lib.createKeyCache(),
      onReject: ({ req, reason }: { readonly req?: Req; readonly reason: string }) => {
        if (req !== undefined) req.reason = reason;
      },
    };
    this.#login = lib.createJwtLogin<object, Req>({
      ...shared,
      loginTypes: {
        key: keys,
        single: { ...secret, singleUse: true, clockTolerance: TOLERANCE },
        many: secret,
        token: { introspection, audience: null },
      },
      usedTokens: {
        claim: this.#alive((key: string, duration: number) => usedTokens.claim(key, duration)),
        release: this.#alive((key: string) => usedTokens.release(key)),
      },
      rateLimits: {
        failures: {
          consume: this.#alive((key: string) => failures.consume(key)),
          reward: this.#alive((key: string) => failures.reward(key)),
        },
      },
      findUser: async (_, { req }) => {
        if (req.slow > 0) await sleep(req.slow);
        return {};
      },
      issueToken: (_, { req }) => {
        if (req.fails) throw new Error("down");
        return { accessToken: "an access token" };
      },
    });
    const made: BearerAuth<undefined, Req>[] = [];
    this.#bearer = (introspected) =>
      (made[Number(introspected)] ??= lib.createBearerAuth<undefined, Req>({
        ...shared,
        tokens: introspected ? { introspection, audience: null } : { ...keys, authorize: () => true },
        cache: { maxEntries: 10, maxAge: CACHE_AGE },
      }));
  }

  async ask({ token, way, ip, slow = 0, fails = false }: Sent): Promise<string> {
    const req: Req = { slow, fails };
    const text = textOf(token);
    const context = { req, ip };
    const type = token.replace(/ .*/, "");
    try {
      if (way === "bearer") await this.#bearer(type === "token").authenticate(`Bearer ${text}`, context);
      else if (way === "login") await this.#login.login({ type, token: text }, context);
      else await this.#login.reauthenticate({ type, token: text }, "@alice:example.org", context);
      return "200";
    } catch (error) {
      return `${String((error as MatrixError).statusCode)} ${String(req.reason)}`;
    }
  }

  #isKilled(): boolean {
    return this.ended !== undefined;
  }

  /** A process that was killed calls nobody, and hears no answer. */
  #alive<A extends unknown[], R>(call: (...args: A) => Promise<R>): (...args: A) => Promise<R> {
    return async (...args) => {
      if (this.#isKilled()) return NEVER;
      const answer = await call(...args);
      return this.#isKilled() ? NEVER : answer;
    };
  }
}

const NEVER = new Promise<never>(() => undefined);
