const CODES = { green: 32, red: 31 } as const;

/** Puts a colour on a text. */
export type Paint = (colour: keyof typeof CODES, text: string) => string;

export const plain: Paint = (_colour, text) => text;

export const coloured: Paint = (colour, text) => `\u001b[${String(CODES[colour])}m${text}\u001b[39m`;
