import express, { type Request } from "express";
import { MatrixError } from "matrix-jwt-login";

export type JsonObject = Readonly<Record<string, unknown>>;

/** For the routes that take a body. Clients need not send a JSON `Content-Type`, so none is asked for. */
export const readJson = express.json({ limit: "64kb", strict: false, type: () => true });

export function jsonObject(request: Request): JsonObject {
  // Where there is no body, Express 5 leaves `undefined`: as good as an empty object.
  const body: unknown = request.body === undefined ? {} : request.body;
  if (!isObject(body)) throw badRequest("M_BAD_JSON", "The body must be a JSON object");
  return body;
}

export function requiredString(body: JsonObject, name: string): string {
  const value = body[name];
  if (value === undefined) throw badRequest("M_MISSING_PARAM", `${name} is required`);
  if (typeof value !== "string") throw badRequest("M_INVALID_PARAM", `${name} must be a string`);
  return value;
}

/** Undefined where it is left out, null or empty. */
export function optionalString(body: JsonObject, name: string): string | undefined {
  const value = body[name] ?? "";
  if (typeof value !== "string" || !isCleanText(value)) {
    throw badRequest("M_INVALID_PARAM", `${name} must be a string`);
  }
  return value === "" ? undefined : value;
}

/** NUL and lone surrogates do not survive the way into a database. */
export const isCleanText = (text: string): boolean => !text.includes("\0") && text.isWellFormed();

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const badRequest = (errcode: string, message: string): MatrixError =>
  new MatrixError(errcode, message, { statusCode: 400 });
