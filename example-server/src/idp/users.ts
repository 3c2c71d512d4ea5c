/** Whom one can sign in as. Nobody is asked for a password here: the names are the example's, and so is the choice. */
export const developmentUsers = [
  { localpart: "alice", name: "Alice", outcome: "Has an account, and is logged in." },
  { localpart: "carol", name: "Carol", outcome: "Has no account on the Matrix server: refused." },
  { localpart: "dora", name: "Dora", outcome: "Her account is deactivated: refused." },
  { localpart: "louis", name: "Louis", outcome: "His account is locked: refused." },
] as const;

export type DevelopmentUser = (typeof developmentUsers)[number];

export const findDevelopmentUser = (localpart: unknown): DevelopmentUser | undefined =>
  developmentUsers.find((user) => user.localpart === localpart);
