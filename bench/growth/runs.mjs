/** Logins go over as many keys or login types, so that it is not always the same one at hand. */
const SPREAD = 40;

/** Indices all over a list, its last one among them. @param {number} size */
export function spreadOver(size) {
  const count = Math.min(SPREAD, size);
  return Array.from({ length: count }, (_, index) => Math.floor(((index + 1) * size) / count) - 1);
}

/**
 * Logs in by each submission in turn, and makes sure beforehand that they end as they should.
 * @param {import("matrix-jwt-login").JwtLogin} jwtLogin
 * @param {readonly object[]} submissions
 * @returns {Promise<import("./turn.mjs").Run>}
 */
export async function accepted(jwtLogin, submissions) {
  for (const submission of submissions) await jwtLogin.login(submission);
  return (index) => jwtLogin.login(submissions[index % submissions.length]);
}

/**
 * As {@link accepted}, of submissions that must all be refused.
 * @param {import("matrix-jwt-login").JwtLogin} jwtLogin
 * @param {readonly object[]} submissions
 * @param {string} why part of the error's text
 * @returns {Promise<import("./turn.mjs").Run>}
 */
export async function refused(jwtLogin, submissions, why) {
  for (const submission of submissions) {
    const message = await jwtLogin.login(submission).then(
      () => "logged in",
      (error) => error.message,
    );
    if (!message.includes(why)) throw new Error(`expected a refusal for "${why}", not: ${message}`);
  }
  return (index) => jwtLogin.login(submissions[index % submissions.length]).catch(() => undefined);
}
