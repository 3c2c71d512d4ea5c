import { startUnder } from "./runtime.mjs";

export const name = "Deno, by createFetchHandler";

export const start = (login) => startUnder("deno", ["run", "--allow-all", "--no-lock"], "fetch", login);
