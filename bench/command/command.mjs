// What the benchmark's commands share.

class UsageError extends Error {}

/**
 * @param {string} name of the option
 * @param {string} text
 * @param {{ minimum?: number, whole?: boolean }} [bounds]
 */
export function number(name, text, { minimum = 1, whole = true } = {}) {
  const value = Number(text);
  if (!(value >= minimum && value < Infinity && (!whole || Number.isInteger(value)))) {
    throw new UsageError(`--${name}: a ${whole ? "whole " : ""}number of ${minimum} or more, not ${text}`);
  }
  return value;
}

/**
 * @template {string} Known
 * @param {string} name of the option
 * @param {string | undefined} text a list with commas
 * @param {readonly Known[]} known
 * @returns {Known[] | undefined}
 */
export function names(name, text, known) {
  return text?.split(",").map((each) => {
    const found = known.find((one) => one === each);
    if (found === undefined) throw new UsageError(`--${name}: ${known.join(", ")}; not ${each}`);
    return found;
  });
}

/** @param {string} text */
export const progress = (text) => process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${text}` : `${text}\n`);

/** @param {() => Promise<void>} command @param {string} help */
export async function runCommand(command, help) {
  try {
    await command();
  } catch (error) {
    progress("");
    const usage =
      error instanceof UsageError ||
      (error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS"));
    console.error(usage ? `${error.message}\n\n${help}` : error);
    process.exitCode = 1;
  }
}
