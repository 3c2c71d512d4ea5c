import { types } from "node:util";

import { kindOf } from "../support/checks.js";
import { ignoreRejection } from "../support/host-failure.js";
import type { Logger } from "../support/logger.js";
import { once } from "../support/once.js";

/** What the host's `issueToken` gives: the new session. */
export interface IssuedToken {
  /** What the client sends with its requests from now on. Not empty. */
  readonly accessToken: string;
  /**
   * If you made another one than asked for.
   *
   * @defaultValue `login.deviceId`
   */
  readonly deviceId?: string | undefined;
  /**
   * If you know the user by another ID.
   *
   * @defaultValue `login.userId`
   */
  readonly userId?: string | undefined;
  /**
   * For the client that asked for one (`login.refreshToken`).
   *
   * @defaultValue none
   */
  readonly refreshToken?: string | undefined;
  /**
   * Until the access token expires.
   *
   * @unit milliseconds
   * @defaultValue it does not expire
   */
  readonly expiresInMs?: number | undefined;
}

/** The 200 answer of `POST /_matrix/client/v3/login`. */
export interface LoginResponse {
  /** The full user ID. */
  readonly user_id: string;
  /** From `issueToken`. */
  readonly access_token: string;
  /** The client's, the host's, or made here. */
  readonly device_id: string;
  /** No longer in the specification; older clients still read it. */
  readonly home_server: string;
  /** From `issueToken`. */
  readonly refresh_token?: string;
  /** Milliseconds until the access token expires, a whole number. */
  readonly expires_in_ms?: number;
  /** The option `wellKnown`. */
  readonly well_known?: Readonly<Record<string, unknown>>;
}

export interface LoginResponseDefaults {
  readonly userId: string;
  readonly deviceId: string;
  readonly serverName: string;
  readonly wellKnown: Readonly<Record<string, unknown>> | undefined;
}

/** @throws TypeError if what the host issued is not an {@link IssuedToken}; the message names no value of it */
export function loginResponse(issued: unknown, defaults: LoginResponseDefaults): LoginResponse {
  if (typeof issued !== "object" || issued === null) {
    throw new TypeError(`issueToken must return { accessToken }, not ${kindOf(issued)}`);
  }
  const given = issued as Issued;
  for (const name of MEMBERS) ignoreRejection(given[name]);
  const accessToken = text(given, "accessToken");
  if (accessToken === undefined) {
    const hint = "access_token" in issued ? ", but access_token" : "";
    throw new TypeError(`issueToken gave no accessToken${hint}`);
  }
  const refreshToken = text(given, "refreshToken");
  const expiresInMs = duration(given.expiresInMs);
  return {
    user_id: text(given, "userId") ?? defaults.userId,
    access_token: accessToken,
    device_id: text(given, "deviceId") ?? defaults.deviceId,
    home_server: defaults.serverName,
    ...(refreshToken !== undefined && { refresh_token: refreshToken }),
    ...(expiresInMs !== undefined && { expires_in_ms: expiresInMs }),
    ...(defaults.wellKnown !== undefined && { well_known: defaults.wellKnown }),
  };
}

/**
 * Whether clients find the server in it: "m.homeserver".base_url is required (Matrix specification, client-server API,
 * "Well-known URI").
 */
export function namesHomeserver(wellKnown: Readonly<Record<string, unknown>>): boolean {
  const homeserver = wellKnown["m.homeserver"] as { base_url?: unknown } | null | undefined;
  const url = homeserver?.base_url;
  return typeof url === "string" && URL.canParse(url);
}

const MEMBERS: readonly (keyof IssuedToken)[] = ["accessToken", "deviceId", "userId", "refreshToken", "expiresInMs"];

/** What is easily written in the place of a member: a client's name of it, or OAuth's. */
const MISNAMED = [
  ["device_id", "deviceId", "device_id"],
  ["refresh_token", "refreshToken", "refresh_token"],
  ["expires_in_ms", "expiresInMs", "expires_in_ms"],
  ["expires_in", "expiresInMs, in milliseconds", "expires_in_ms"],
  ["expiresIn", "expiresInMs, in milliseconds", "expires_in_ms"],
] as const satisfies readonly (readonly [written: string, meant: string, answered: keyof LoginResponse])[];

/** Tells the operator, once for each, of a member that is not read, though the client is not told what it says. */
export function tellOfMisnamed(logger: Logger): (issued: object, response: LoginResponse) => void {
  const tellers = MISNAMED.map(([written, meant, answered]) => ({
    isLost: (issued: object, response: LoginResponse): boolean => {
      const value: unknown = (issued as Readonly<Record<string, unknown>>)[written];
      return value !== undefined && value !== null && value !== response[answered];
    },
    tell: once(() => {
      logger.warn(`matrix-jwt-login: issueToken gave ${written}, which is not read; do you mean ${meant}?`);
    }),
  }));
  return (issued, response) => {
    for (const { isLost, tell } of tellers) if (isLost(issued, response)) tell();
  };
}

type Issued = Readonly<Record<keyof IssuedToken, unknown>>;

/** Undefined and null, as a database row has it, are not given. */
function text(issued: Issued, name: keyof IssuedToken): string | undefined {
  const value = issued[name] ?? undefined;
  if (value === undefined || (typeof value === "string" && value !== "")) return value;
  const advice = adviceFor(value, name);
  throw new TypeError(`what issueToken gave as ${name} is not a non-empty string${advice}`);
}

function adviceFor(value: unknown, name: keyof IssuedToken): string {
  if (types.isPromise(value)) return "; it is a promise: await it";
  return name in (Object(value) as object) ? `; it is an object with ${name}: return that object itself` : "";
}

function duration(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "number" && Number.isFinite(value) && value >= 0) return Math.floor(value);
  throw new TypeError("issueToken gave an expiresInMs that is not a number of milliseconds");
}
