import { startUnder } from "./runtime.mjs";

export const name = "Bun, by createFetchHandler";

export const start = (login) => startUnder("bun", [], "fetch", login);
