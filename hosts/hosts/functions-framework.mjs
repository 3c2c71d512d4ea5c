import { http } from "@google-cloud/functions-framework";
import { getTestServer } from "@google-cloud/functions-framework/testing";

import { answer, listen } from "./own-login.mjs";

export const name = "Google Cloud Functions, by functions-framework";

let functions = 0;

export function start(login) {
  functions += 1;
  const id = `login${functions}`;
  // The framework has read the body: `req.body`, and its bytes in `req.rawBody`.
  http(id, (req, res) => {
    const own = () => void answer(req, res, req.body ?? null);
    if (login === undefined) own();
    else login(req, res, own);
  });
  return listen(getTestServer(id));
}
