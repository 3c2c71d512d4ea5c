type Submission = Readonly<Record<string, unknown>>;

/** The user names that a client sent: of `identifier`, and the older `user`. */
export function namesGiven({ identifier, user }: Submission): readonly unknown[] {
  const { user: named } = (identifier ?? {}) as Submission;
  return [named, user].filter((name) => name !== undefined && name !== null);
}

/**
 * Does a login name a user? Synapse refuses one that does not before it asks its modules, whatever they make of the name. A
 * token that is verified without a login has no submission.
 */
export function namesSomebody(submission: Submission): boolean {
  return !("type" in submission) || namesGiven(submission).length > 0;
}
