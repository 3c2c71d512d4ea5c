import { OptionsError } from "../../support/options-error.js";
import { type Characters, type Part, Pattern, PatternTooLarge, type Place } from "./pattern.js";

/** Repetitions of one part. */
const MAX_COUNT = 1_000;

/**
 * Reads a pattern in the syntax that Python's `re` and JavaScript have in common, and that both read alike.
 *
 * @throws OptionsError for what is not of it, and for what could not be matched in bounded time
 */
export function pattern(source: string, path: string): Pattern {
  try {
    return new Pattern(new Reader(source, path).whole());
  } catch (error) {
    if (!(error instanceof PatternTooLarge)) throw error;
    throw new OptionsError(path, "is too large a pattern; repeat less in it");
  }
}

const digit: Characters = (code) => code >= 0x30 && code <= 0x39;
const word: Characters = (code) =>
  digit(code) || (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || code === 0x5f;
/** Python's `str.isspace`: without the byte order mark, and with five controls more than JavaScript's `\s`. */
const space: Characters = (code) =>
  /[^\S\ufeff]/.test(String.fromCodePoint(code)) || (code >= 0x1c && code <= 0x1f) || code === 0x85;
const not =
  (characters: Characters): Characters =>
  (code) =>
    !characters(code);

const CLASSES: Readonly<Record<string, Characters>> = {
  d: digit,
  D: not(digit),
  w: word,
  W: not(word),
  s: space,
  S: not(space),
};
const CONTROLS: Readonly<Record<string, number>> = { n: 0x0a, r: 0x0d, t: 0x09, f: 0x0c, v: 0x0b };

const atWordEdge: Place = (text, position) => {
  const isWord = (code: number | undefined) => code !== undefined && word(code);
  return isWord(text[position - 1]) !== isWord(text[position]);
};
const PLACES: Readonly<Record<string, Place>> = {
  "^": (_text, position) => position === 0,
  $: (text, position) => position === text.length,
  "\\b": atWordEdge,
  // Python finds it in no empty text.
  "\\B": (text, position) => text.length > 0 && !atWordEdge(text, position),
};

const sequence =
  (parts: readonly Part[]): Part =>
  (states, next) =>
    parts.reduceRight((after, part) => part(states, after), next);
const one =
  (characters: Characters): Part =>
  (states, next) =>
    states.character(characters, next);
const literal = (code: number): Part => one((character) => character === code);

class Reader {
  readonly #characters: readonly string[];
  readonly #path: string;
  #position = 0;

  constructor(source: string, path: string) {
    this.#characters = Array.from(source);
    this.#path = path;
  }

  whole(): Part {
    const part = this.#alternatives();
    if (this.#peek() === ")") throw this.#wrong("has a ) too many");
    return part;
  }

  #alternatives(): Part {
    const first = this.#sequence();
    const branches = [first];
    while (this.#skip("|")) branches.push(this.#sequence());
    if (branches.length === 1) return first;
    return (states, next) => states.fork(...branches.map((branch) => branch(states, next)));
  }

  #sequence(): Part {
    const parts: Part[] = [];
    for (let next = this.#peek(); next !== undefined && next !== "|" && next !== ")"; next = this.#peek()) {
      parts.push(this.#repeated());
    }
    return sequence(parts);
  }

  #repeated(): Part {
    const place = this.#place();
    const part = place ?? this.#atom();
    const counts = this.#quantifier();
    if (counts === undefined) return part;
    if (place !== undefined) throw this.#wrong("repeats nothing");
    // Lazy or greedy: that changes what is matched, and not whether.
    this.#skip("?");
    if (/^[*+?]$/.test(this.#peek() ?? "") || this.#quantifier() !== undefined) {
      throw this.#wrong("repeats a repetition; put the first in (?:...)");
    }
    return (states, next) => repeat(part, counts, states, next);
  }

  #quantifier(): readonly [min: number, max: number] | undefined {
    if (this.#skip("*")) return [0, Infinity];
    if (this.#skip("+")) return [1, Infinity];
    if (this.#skip("?")) return [0, 1];
    const found = /^\{(?:\d+|\d*,\d*)\}/.exec(this.#rest());
    if (found === null) return undefined;
    const [all] = found;
    const bounds = all.slice(1, -1);
    const min = bounds.replace(/,.*/, "");
    const max = bounds.replace(/.*,/, "");
    if (min === "") throw this.#wrong("leaves out how often at least; write {0,n}");
    this.#position += all.length;
    const least = Number(min);
    const most = max === "" ? Infinity : Number(max);
    if (least > MAX_COUNT || (most !== Infinity && most > MAX_COUNT)) throw new PatternTooLarge();
    if (least > most) throw this.#wrong("has a repetition of which the least is more than the most");
    return [least, most];
  }

  #place(): Part | undefined {
    const rest = this.#rest();
    const found = Object.entries(PLACES).find(([name]) => rest.startsWith(name));
    if (found === undefined) return undefined;
    const [name, place] = found;
    this.#position += name.length;
    return (states, next) => states.place(place, next);
  }

  #atom(): Part {
    const character = this.#take();
    if (character === "(") return this.#group();
    if (character === "[") return one(this.#class());
    // Python's: JavaScript leaves out three more ends of lines.
    if (character === ".") return one((code) => code !== 0x0a);
    if (character === "*" || character === "+" || character === "?") throw this.#wrong("repeats nothing");
    const code = character === "\\" ? this.#escape() : codeOf(character);
    return typeof code === "number" ? literal(code) : one(code);
  }

  #group(): Part {
    const kind = /^\?(?:[:=!]|.{0,2})/.exec(this.#rest())?.[0];
    if (kind !== undefined && !/^\?[:=!]/.test(kind)) {
      throw this.#wrong(
        `has (${kind}, which is not supported: no named groups, flags, comments, conditions and looking back`,
      );
    }
    const ahead = kind?.[1];
    this.#position += ahead === undefined ? 0 : 2;
    const part = this.#alternatives();
    if (!this.#skip(")")) throw this.#wrong("has a ( that is not closed");
    if (ahead !== "=" && ahead !== "!") return part;
    return (states, next) => states.ahead(part, ahead === "!", next);
  }

  /** A class's characters, behind its opening bracket. */
  #class(): Characters {
    const negative = this.#skip("^");
    if (this.#peek() === "]") throw this.#wrong("has a class that is empty or begins with ]; write \\]");
    const items: Characters[] = [];
    while (!this.#skip("]")) items.push(this.#classItem());
    return (code) => items.some((item) => item(code)) !== negative;
  }

  #classItem(): Characters {
    const first = this.#classCharacter();
    const isRange = this.#peek() === "-" && this.#peek(1) !== "]";
    if (!isRange) return typeof first === "number" ? (code) => code === first : first;
    this.#position++;
    const last = this.#classCharacter();
    if (typeof first !== "number" || typeof last !== "number" || first > last) {
      throw this.#wrong("has a class with a range that goes from nowhere to nowhere");
    }
    return (code) => code >= first && code <= last;
  }

  #classCharacter(): number | Characters {
    if (this.#peek() === undefined) throw this.#wrong("has a [ that is not closed");
    const character = this.#take();
    if (character !== "\\") return codeOf(character);
    // Both: in a class, `\b` is the backspace.
    return this.#skip("b") ? 0x08 : this.#escape();
  }

  /** What stands behind a backslash. */
  #escape(): number | Characters {
    const hex = /^(?:x[\dA-Fa-f]{2}|u[\dA-Fa-f]{4}|0(?!\d))/.exec(this.#rest())?.[0];
    if (hex !== undefined) {
      this.#position += hex.length;
      return parseInt(hex.slice(1) || "0", 16);
    }
    const character = this.#peek();
    if (character === undefined) throw this.#wrong("ends with a backslash");
    this.#position++;
    const known = CLASSES[character] ?? CONTROLS[character];
    if (known !== undefined) return known;
    if (!/[\dA-Za-z]/.test(character)) return codeOf(character);
    throw this.#wrong(`has \\${character}, which Python and JavaScript read differently, or which is not supported`);
  }

  #peek(ahead = 0): string | undefined {
    return this.#characters[this.#position + ahead];
  }

  #take(): string {
    return String(this.#characters[this.#position++]);
  }

  #skip(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#position++;
    return true;
  }

  #rest(): string {
    return this.#characters.slice(this.#position, this.#position + 40).join("");
  }

  #wrong(problem: string): OptionsError {
    return new OptionsError(this.#path, `is not a pattern that can be used: it ${problem}`);
  }
}

/** @param character - not empty */
export function codeOf(character: string): number {
  return Number(character.codePointAt(0));
}

const repeat = (part: Part, [min, max]: readonly [number, number], ...[states, next]: Parameters<Part>): number => {
  let start = next;
  if (max === Infinity) {
    start = states.fork(next);
    states.connect(start, part(states, start));
  } else {
    for (let count = min; count < max; count++) start = states.fork(part(states, start), next);
  }
  for (let count = 0; count < min; count++) start = part(states, start);
  return start;
};
