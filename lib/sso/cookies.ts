import { randomBytes } from "node:crypto";

/** Cookies that one browser keeps of one kind at most; the oldest goes. */
const MAX_COOKIES = 4;
/** Bytes of name and value, and of all cookies of one kind together. Browsers take 4,096 for one. */
const MAX_COOKIE = 3_000;
const MAX_TOGETHER = 8_192;
/** Seconds that they are good for. */
export const COOKIE_LIFETIME = 600;

/** An ID is when it was made, in milliseconds and base 36, and 128 random bits; a value is a JWE or base64url. */
const ID_AND_VALUE = "([0-9a-z]{1,9}-[A-Za-z0-9_-]{22})=([A-Za-z0-9._-]*)";

/** One cookie of ours: its ID is part of its name. */
interface OurCookie {
  readonly id: string;
  readonly value: string;
}

/** The cookies of one kind in a browser (RFC 6265bis). */
export interface CookieJar {
  /** Also the `state` of an authorization request: it names the cookie that belongs to the answer. */
  newId(): string;
  /** @returns undefined unless this browser has it */
  get(cookieHeader: string | undefined, id: string): string | undefined;
  /** Whether a browser can keep this value. */
  fits(value: string): boolean;
  /** @returns the `Set-Cookie` values that keep it and drop those that no longer fit beside it */
  keep(cookieHeader: string | undefined, id: string, value: string): readonly string[];
  /** @returns the `Set-Cookie` value that deletes it */
  drop(id: string): string;
}

/**
 * @param kind - part of the name
 * @param secure - false on http, which is loopback only: browsers keep no `Secure` cookie of it
 */
export function cookieJar(kind: string, secure: boolean): CookieJar {
  const prefix = `${secure ? "__Host-" : ""}mjl-${kind}-`;
  const pattern = new RegExp(`(?<=^|; ?)${prefix}${ID_AND_VALUE}(?=;|$)`, "g");
  // RFC 6265bis section 4.1.3.2: `__Host-` cookies are set by this host alone, for no other, over TLS.
  const attributes = `; Path=/; HttpOnly; SameSite=Lax${secure ? "; Secure" : ""}`;
  const drop = (id: string) => `${prefix}${id}=; Max-Age=0${attributes}`;
  const size = ({ id, value }: OurCookie) => prefix.length + id.length + 1 + value.length;

  const cookiesIn = (header = ""): readonly OurCookie[] =>
    Array.from(header.matchAll(pattern), ([, id, value]) => ({ id, value }) as OurCookie);

  const jar: CookieJar = {
    newId: () => `${Date.now().toString(36)}-${randomBytes(16).toString("base64url")}`,
    get: (header, id) => cookiesIn(header).find((cookie) => cookie.id === id)?.value,
    fits: (value) => size({ id: jar.newId(), value }) <= MAX_COOKIE,
    keep(header, id, value) {
      const added = { id, value };
      let together = size(added);
      // Browsers send the older one first (RFC 6265 section 5.4), which decides between two of one moment.
      const newestFirst = cookiesIn(header)
        .toReversed()
        .sort((one, other) => madeAt(other) - madeAt(one));
      const dropped = newestFirst.filter((cookie, index) => {
        together += size(cookie);
        return index + 1 >= MAX_COOKIES || together > MAX_TOGETHER;
      });
      return [
        ...dropped.map((cookie) => drop(cookie.id)),
        `${prefix}${id}=${value}; Max-Age=${String(COOKIE_LIFETIME)}${attributes}`,
      ];
    },
    drop,
  };
  return jar;
}

function madeAt({ id }: OurCookie): number {
  return parseInt(id, 36);
}
