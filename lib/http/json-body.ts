import { isUtf8 } from "node:buffer";

import { MatrixError } from "../matrix/errors.js";

/** @throws MatrixError 400 `M_NOT_JSON` */
export function parseJson(bytes: Uint8Array): unknown {
  if (!isUtf8(bytes)) throw notJson();
  return parseJsonText(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
}

/** @throws MatrixError 400 `M_NOT_JSON` */
export function parseJsonText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw notJson();
  }
}

export function notJson(): MatrixError {
  return new MatrixError("M_NOT_JSON", "Content is not JSON", { statusCode: 400 });
}

export function tooLarge(): MatrixError {
  return new MatrixError("M_TOO_LARGE", "Content is too large", { statusCode: 413 });
}
