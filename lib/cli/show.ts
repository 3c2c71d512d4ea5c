import { KeysUnavailableError } from "../remote/errors.js";

const LONGEST = 100;
const MOST = 10;

/** What a terminal would act on, or not show: control and format characters, and line ends of Unicode's own. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** Escapes what a terminal would act on, in a text that anybody may have written. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => `\\u{${Number(character.codePointAt(0)).toString(16)}}`);
}

/** Levels of objects and lists that are printed: a token may nest its claims until neither stack nor memory is left. */
const MAX_DEPTH = 1_000;

/** A value down to some level: what is deeper is an ellipsis. */
export function shallow(value: unknown, depth: number): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (depth === 0) return Array.isArray(value) ? "[…]" : "{…}";
  if (Array.isArray(value)) return value.map((item) => shallow(item, depth - 1));
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, shallow(member, depth - 1)]));
}

/** JSON on one line, whose escapes a terminal does not act on either. */
export function printableJson(value: unknown): string {
  return JSON.stringify(shallow(value, MAX_DEPTH)).replace(UNPRINTABLE, (character) =>
    Array.from(
      { length: character.length },
      (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`,
    ).join(""),
  );
}

/** A value of a token: short, on one line, and never further down than a list's items. */
export function show(value: unknown): string {
  if (!Array.isArray(value)) return showOne(value);
  const more = value.length > MOST ? [`and ${String(value.length - MOST)} more`] : [];
  return `[${[...value.slice(0, MOST).map(showOne), ...more].join(", ")}]`;
}

function showOne(value: unknown): string {
  switch (typeof value) {
    case "undefined":
      return "none";
    case "string":
      return quoted(value);
    case "object":
      if (value === null) return "null";
      return Array.isArray(value) ? "a list" : "an object";
    default:
      return JSON.stringify(value);
  }
}

function quoted(text: string): string {
  if (text.length <= LONGEST) return printable(JSON.stringify(text));
  return `${printable(JSON.stringify(text.slice(0, LONGEST)))}... (${String(text.length)} characters)`;
}

/** Any of a set's members. */
export function showSet(values: Iterable<unknown>): string {
  return Array.from(values, show).join(" or ");
}

/** Causes that are followed: more tell nobody anything, and an error may be its own. */
const DEEPEST = 8;

/** An error and what caused it, on one line. Never throws, whatever was thrown. */
export function reasons(error: unknown, depth = 0): string {
  try {
    if (typeof error !== "object" || error === null) return printable(String(error));
    const { name, message, code, cause } = error as Partial<NodeJS.ErrnoException>;
    // A parser quotes what it can't parse, and there may be a secret.
    if (name === "SyntaxError") return "something can't be parsed";
    // An error over several attempts to connect has a code and no message.
    const text = message === undefined || message === "" ? (code ?? "an error without a message") : message;
    const own = printable(text.replaceAll("\n", " "));
    // Keys that can't be had as the document that says where they are can't.
    if (cause instanceof KeysUnavailableError && cause.message === message) return reasons(cause, depth + 1);
    return cause === undefined || depth === DEEPEST ? own : `${own}: ${reasons(cause, depth + 1)}`;
  } catch {
    return "an error that can't be read";
  }
}

const UNITS = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
] as const;

/** Seconds since 1970 as a date, and how far that is from now. */
export function showTime(time: number, now: number): string {
  const date = new Date(time * 1_000);
  if (Number.isNaN(date.getTime())) return `${String(time)}, beyond any date`;
  const distance = Math.round(Math.abs(now - time));
  const [unit, size] = UNITS.find(([, seconds]) => distance >= 2 * seconds) ?? ["s", 1];
  const amount = `${String(Math.floor(distance / size))} ${unit}`;
  return `${date.toISOString()}, ${time > now ? `in ${amount}` : `${amount} ago`}`;
}
