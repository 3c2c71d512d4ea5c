import type { ExternalIds } from "./external-ids.js";
import { hashPassword } from "./passwords.js";
import type { UserStatus } from "./database/schema.js";
import type { Users } from "./users.js";

/** Made at the first start, all with the dev password. */
const seededUsers = [
  { localpart: "alice", displayName: "Alice", status: "active" },
  { localpart: "dora", displayName: "Dora (deactivated)", status: "deactivated" },
  { localpart: "louis", displayName: "Louis (locked)", status: "locked" },
] as const satisfies readonly { localpart: string; displayName: string; status: UserStatus }[];

export async function seedUsers(users: Users, serverName: string, password: string): Promise<void> {
  if (!(await users.isEmpty())) return;
  // One for all: they have the same password, and that is no secret among them.
  const passwordHash = await hashPassword(password);
  for (const { localpart, displayName, status } of seededUsers) {
    // Taken already where another replica starts at the same time.
    await users.add({ userId: `@${localpart}:${serverName}`, displayName, passwordHash, status });
  }
}

/** The users of the provider for development are the seeded ones. At each start, as its issuer is wherever this server listens. */
export async function linkSeededUsers(
  users: Users,
  externalIds: ExternalIds,
  serverName: string,
  issuer: string,
): Promise<void> {
  for (const { localpart } of seededUsers) {
    const user = await users.find(`@${localpart}:${serverName}`);
    if (user !== undefined) await externalIds.link({ issuer, subject: localpart }, user.userId);
  }
}
