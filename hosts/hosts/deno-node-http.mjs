import { startUnder } from "./runtime.mjs";

export const name = "Deno's node:http";

export const start = (login) => startUnder("deno", ["run", "--allow-all", "--no-lock"], "node:http", login);
