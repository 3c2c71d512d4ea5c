// Compares what the package answers with what the reference answered, and with what was asked of the package.

/** Kinds of differences, those first that an operator should look at first. The first that fits is a difference's kind. */
export const KINDS = [
  {
    title: "Let in there, refused here",
    about:
      "What these requests bring is malformed, out of date or contradicts itself. An honest issuer makes none of it.",
    fits: ({ reference }) => reference.status === 200,
  },
  {
    title: "Refused there, let in here",
    about:
      "None of these tokens was taken for forged: refused was a name or its length, by policies that are the host's here.",
    fits: ({ answer }) => answer.status === 200,
  },
  {
    title: "A server error there, the client's error here",
    about: "Their code failed on what it had not expected. A client sees a 4xx instead of a 500.",
    fits: ({ reference }) => reference.status >= 500,
  },
  {
    title: "Refused by both, in other words",
    about: "Nobody gets in with either. The status or the `errcode` is another.",
    fits: () => true,
  },
];

/** Whether a client would see a difference in status, `errcode` or user ID. A path that is not a login's is the host's to answer. */
export function differs({ reference, answer }) {
  if (reference.status !== answer.status) return true;
  if (reference.status === 404) return false;
  return reference.errcode !== answer.errcode || reference.user_id !== answer.user_id;
}

/** Whether the recording asks for what the package answers: `ours` may leave open which client error it is. */
export function isAsAsked({ ours, answer }) {
  const statusFits = ours.status === "4xx" ? /^4/.test(String(answer.status)) : ours.status === answer.status;
  return statusFits && (ours.errcode === null || ours.errcode === answer.errcode);
}
