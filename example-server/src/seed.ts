import { hashPassword } from "./passwords.js";
import type { Users, UserStatus } from "./users.js";

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
