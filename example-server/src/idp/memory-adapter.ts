import type { Adapter, AdapterPayload } from "oidc-provider";

interface Entry {
  readonly payload: AdapterPayload;
  readonly expiresAt: number;
}

/** Of all kinds together: some hundreds of sign-ins, so that whoever begins many takes no memory for long. */
const MOST_ENTRIES = 2_000;

/**
 * The provider's state in this process's memory: gone at a restart, and not shared. That will do for sign-ins of a
 * minute; a provider that is more than a stand-in keeps its state in a database.
 */
export function memoryAdapters(): (model: string) => Adapter {
  const entries = new Map<string, Entry>();

  const find = (key: string): AdapterPayload | undefined => {
    const entry = entries.get(key);
    if (entry !== undefined && entry.expiresAt > Date.now()) return entry.payload;
    entries.delete(key);
    return undefined;
  };
  const findWhere = (model: string, name: "uid" | "userCode", value: string): AdapterPayload | undefined => {
    const [key] =
      [...entries].find(([key, { payload }]) => key.startsWith(`${model}:`) && payload[name] === value) ?? [];
    return key === undefined ? undefined : find(key);
  };
  return (model) => ({
    upsert: (id, payload, expiresIn) => {
      const key = `${model}:${id}`;
      entries.delete(key);
      entries.set(key, { payload, expiresAt: Date.now() + (expiresIn ?? Infinity) * 1000 });
      const [oldest] = entries.keys();
      if (oldest !== undefined && entries.size > MOST_ENTRIES) entries.delete(oldest);
      return Promise.resolve();
    },
    find: (id) => Promise.resolve(find(`${model}:${id}`)),
    findByUid: (uid) => Promise.resolve(findWhere(model, "uid", uid)),
    findByUserCode: (userCode) => Promise.resolve(findWhere(model, "userCode", userCode)),
    consume: (id) => {
      const payload = find(`${model}:${id}`);
      if (payload !== undefined) payload.consumed = Math.floor(Date.now() / 1000);
      return Promise.resolve();
    },
    destroy: (id) => {
      entries.delete(`${model}:${id}`);
      return Promise.resolve();
    },
    revokeByGrantId: (grantId) => {
      // Not the sign-in under way that supersedes the grant: it names it as well.
      for (const [key, { payload }] of entries) {
        if (payload.grantId === grantId && !key.startsWith("Interaction:")) entries.delete(key);
      }
      return Promise.resolve();
    },
  });
}
