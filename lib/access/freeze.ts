/** Freezes parsed JSON, however deep: what many requests share must not change. */
export function deepFreeze<T>(value: T): T {
  const left: unknown[] = [value];
  for (let one = left.pop(); one !== undefined; one = left.pop()) {
    if (typeof one !== "object" || one === null || Object.isFrozen(one)) continue;
    Object.freeze(one);
    for (const part of Object.values(one) as unknown[]) left.push(part);
  }
  return value;
}
