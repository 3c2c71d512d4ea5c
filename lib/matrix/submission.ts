import { isJsonObject, type JsonObject } from "../support/json.js";
import { MatrixError } from "./errors.js";
import { isLongDeviceId, MAX_DEVICE_ID, userIdOf } from "./identifiers.js";

/** What a login asks for beside its token, by `POST /_matrix/client/v3/login` of the client-server API. */
export interface LoginFields {
  readonly deviceId: string | undefined;
  readonly initialDeviceDisplayName: string | undefined;
  readonly refreshToken: boolean;
}

/** @throws MatrixError 400 `M_BAD_JSON` unless it is a JSON object */
export function asSubmission(json: unknown): JsonObject {
  if (isJsonObject(json)) return json;
  throw new MatrixError("M_BAD_JSON", "Content must be a JSON object", { statusCode: 400 });
}

/** @throws MatrixError 400 `M_MISSING_PARAM` or `M_INVALID_PARAM` */
export function typeOf(submission: JsonObject): string {
  const { type } = submission;
  if (type === undefined) throw new MatrixError("M_MISSING_PARAM", "Missing login type", { statusCode: 400 });
  if (typeof type !== "string") throw invalid("type", "must be a string");
  return type;
}

export function unknownType(): MatrixError {
  return new MatrixError("M_UNKNOWN", "Unknown login type", { statusCode: 400 });
}

/** @throws MatrixError 400 `M_INVALID_PARAM` */
export function fieldsOf(submission: JsonObject): LoginFields {
  const deviceId = optionalText(submission, "device_id");
  // As Synapse, which takes control characters too.
  if (deviceId !== undefined && isLongDeviceId(deviceId)) {
    throw invalid("device_id", `must be at most ${String(MAX_DEVICE_ID)} characters`);
  }
  const initialDeviceDisplayName = optionalText(submission, "initial_device_display_name");
  const { refresh_token: refreshToken = false } = submission;
  if (typeof refreshToken !== "boolean") throw invalid("refresh_token", "must be a boolean");
  return { deviceId, initialDeviceDisplayName, refreshToken };
}

/** Can this text be stored by any database and sent as JSON to any client? */
export function isCleanText(text: string): boolean {
  return !text.includes("\0") && text.isWellFormed();
}

/** `"none"`: names nobody; `"same"`: all that it names is this user; `"other"`: it names somebody else, or nonsense. */
export function identifies(submission: JsonObject, localpart: string, serverName: string): "none" | "same" | "other" {
  const named = namesIn(submission);
  if (named.length === 0) return "none";
  const userId = userIdOf(localpart, serverName);
  return named.every((name) => name === localpart || name === userId) ? "same" : "other";
}

/** The user names in a submission: of `identifier` (type `m.id.user`), and the older top-level `user`. */
function namesIn({ identifier, user }: JsonObject): readonly unknown[] {
  const named: unknown[] = [];
  if (identifier !== undefined && !isWithoutUser(identifier)) {
    named.push(
      (identifier as JsonObject | null)?.["type"] === "m.id.user" ? (identifier as JsonObject)["user"] : undefined,
    );
  }
  if (user !== undefined) named.push(user);
  return named;
}

/** An identifier without `user` names nobody: some clients always send an empty one, and an e-mail address is not compared. */
function isWithoutUser(identifier: unknown): boolean {
  return isJsonObject(identifier) && !("user" in identifier);
}

function optionalText(submission: JsonObject, name: string): string | undefined {
  const value = submission[name];
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value !== "string") throw invalid(name, "must be a string");
  if (!isCleanText(value)) throw invalid(name, "must be text without NUL and lone surrogates");
  return value;
}

function invalid(name: string, problem: string): MatrixError {
  return new MatrixError("M_INVALID_PARAM", `${name} ${problem}`, { statusCode: 400 });
}
