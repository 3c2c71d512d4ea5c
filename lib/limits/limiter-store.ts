/**
 * Settings of rate-limiter-flexible's limiters that would let a token in again, or keep out one that was given back: a
 * block ends before the token does, an insurance does not know what the store knows, and a process that remembers by
 * itself does not hear what another one takes back.
 */
const HARMLESS = {
  blockDuration: 0,
  execEvenly: false,
  inMemoryBlockOnConsumed: 0,
  insuranceLimiter: undefined,
} as const;

/** The same limiter over the same store, but without these settings. The host's own is left as it is. */
export function asStore<L extends object>(limiter: L): L {
  const own = limiter as Readonly<Record<string, unknown>>;
  const changes: PropertyDescriptorMap = {};
  for (const [name, value] of Object.entries(HARMLESS)) {
    if (own[name] !== undefined && own[name] !== value) changes[name] = { value };
  }
  // A limiter that wraps another one.
  const { limiter: inner } = own;
  if (typeof inner === "object" && inner !== null) {
    const value = asStore(inner);
    if (value !== inner) changes["limiter"] = { value };
  }
  return Object.keys(changes).length === 0 ? limiter : (Object.create(limiter, changes) as L);
}
