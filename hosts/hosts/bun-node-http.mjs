import { startUnder } from "./runtime.mjs";

export const name = "Bun's node:http";

export const start = (login) => startUnder("bun", [], "node:http", login);
