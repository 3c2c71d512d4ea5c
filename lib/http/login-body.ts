import { isUtf8 } from "node:buffer";

import { MatrixError } from "../matrix/errors.js";
import { asSubmission, typeOf, unknownType } from "../matrix/submission.js";
import { isJsonObject, type JsonObject } from "../support/json.js";

/** Which bodies of login requests are ours. All others are the host's, or refused with `unknownLoginType: "reject"`. */
export class LoginBodies {
  /** Bytes: no more of a body is ever buffered. */
  readonly limit: number;
  readonly #types: ReadonlySet<unknown>;
  readonly #isLoginToken: ((submission: JsonObject) => boolean) | undefined;
  readonly #unknown: "next" | "reject";

  /**
   * @param types - the login types that are ours
   * @param isLoginToken - whether a login is by a login token of ours; undefined: there are none
   */
  constructor(
    types: Iterable<string>,
    unknown: "next" | "reject",
    limit: number,
    isLoginToken?: (submission: JsonObject) => boolean,
  ) {
    this.#isLoginToken = isLoginToken;
    this.#types = new Set<unknown>(types);
    this.#unknown = unknown;
    this.limit = limit;
  }

  /** As {@link ofJson}, of a body's bytes or text. */
  of(body: Uint8Array | string): JsonObject | undefined {
    if (Buffer.byteLength(body) > this.limit) return this.refuse(tooLarge);
    const json = parsed(body);
    return json === undefined ? this.refuse(notJson) : this.ofJson(json.value);
  }

  /** Is it a JSON object (RFC 8259 section 8.1: without a byte order mark), and within the limit? */
  isObject(body: Uint8Array | string): boolean {
    return Buffer.byteLength(body) <= this.limit && isJsonObject(parsed(body)?.value);
  }

  /**
   * The submission, if it is ours.
   *
   * @returns undefined: it is the host's
   * @throws MatrixError with `unknownLoginType: "reject"`
   */
  ofJson(json: unknown): JsonObject | undefined {
    if (isJsonObject(json) && (this.#types.has(json["type"]) || this.#isLoginToken?.(json) === true)) return json;
    return this.refuse(() => {
      if (this.#isLoginToken !== undefined && isJsonObject(json) && json["type"] === "m.login.token") {
        return new MatrixError("M_FORBIDDEN", "Invalid login token");
      }
      typeOf(asSubmission(json));
      return unknownType();
    });
  }

  /** What is not ours to read. */
  refuse(error: () => MatrixError): JsonObject | undefined {
    if (this.#unknown === "reject") throw error();
    return undefined;
  }
}

export function isEncoded(contentEncoding: string | null | undefined): boolean {
  const encoding = contentEncoding?.trim().toLowerCase() ?? "";
  return encoding !== "" && encoding !== "identity";
}

export function notJson(): MatrixError {
  return new MatrixError("M_NOT_JSON", "Content is not JSON", { statusCode: 400 });
}

export function tooLarge(): MatrixError {
  return new MatrixError("M_TOO_LARGE", "Content is too large", { statusCode: 413 });
}

/** Undefined if it is no JSON in UTF-8. */
function parsed(body: Uint8Array | string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(typeof body === "string" ? body : textOf(body)) };
  } catch {
    return undefined;
  }
}

function textOf(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw new TypeError("not UTF-8");
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
}
