/** How deep two values are compared: what is nested deeper counts as different. */
const MAX_DEPTH = 100;

/** Are two JSON values equal? As Python compares them, but that `true` is not `1`. */
export function jsonEqual(one: unknown, other: unknown, depth = 0): boolean {
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return one === other;
  if (Array.isArray(one) !== Array.isArray(other) || depth === MAX_DEPTH) return false;
  const entries = Object.entries(one);
  return (
    entries.length === Object.keys(other).length &&
    entries.every(([name, value]) => {
      return Object.hasOwn(other, name) && jsonEqual(value, (other as Record<string, unknown>)[name], depth + 1);
    })
  );
}

/** What Python takes for false: `null`, `false`, `0`, `""`, `[]`, `{}`, and what is not there. */
export function isFalsy(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.keys(value).length === 0;
  return !value;
}
