import { hashPassword } from "./passwords.js";
import type { Users, UserStatus } from "./users.js";

/** Made at the first start, all with the dev password. */
const seededUsers = [
  { localpart: "alice", displayName: "Alice", status: "active" },
  { localpart: "dora", displayName: "Dora (deactivated)", status: "deactivated" },
  { localpart: "louis", displayName: "Louis (locked)", status: "locked" },
] as const satisfies readonly { localpart: string; displayName: string; status: UserStatus }[];

export async function seedUsers(users: Users, serverName: string, password: string): Promise<void> {
  if (!users.isEmpty()) return;
  const hashes = await Promise.all(seededUsers.map(() => hashPassword(password)));
  for (const [index, { localpart, displayName, status }] of seededUsers.entries()) {
    users.create({
      userId: `@${localpart}:${serverName}`,
      displayName,
      passwordHash: hashes[index] ?? null,
      status,
    });
  }
}
