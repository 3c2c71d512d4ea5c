import { createServer } from "node:http";

import { answer, listen } from "./own-login.mjs";

export const name = "node:http";

export function start(login) {
  return listen(
    createServer((req, res) => {
      if (login === undefined) void answer(req, res);
      else login(req, res, () => void answer(req, res));
    }),
  );
}
