/** Whom one can sign in as. Nobody is asked for a password here: the names are the example's, and so is the choice. */
export interface DevelopmentUser {
  /** For good: another user never has it. */
  readonly subject: string;
  readonly username: string;
  readonly name: string;
  /** What becomes of a sign-in. */
  readonly outcome: string;
}

export const exampleUsers: readonly DevelopmentUser[] = [
  { subject: "alice", username: "alice", name: "Alice", outcome: "Has an account, and is logged in." },
  { subject: "carol", username: "carol", name: "Carol", outcome: "Has no account on the Matrix server: refused." },
  { subject: "dora", username: "dora", name: "Dora", outcome: "Her account is deactivated: refused." },
  { subject: "louis", username: "louis", name: "Louis", outcome: "His account is locked: refused." },
];

/** Of another company, whose user names are not the Matrix server's. */
export const partnerUsers: readonly DevelopmentUser[] = [
  { subject: "p-1001", username: "frank", name: "Frank", outcome: "Gets an account at his first sign-in." },
  {
    subject: "p-1002",
    username: "alice",
    name: "Alice Partner",
    outcome: "Not the Alice who has the account: refused.",
  },
];
