import { buildNext, startNext } from "../next-server.mjs";

export const name = "Next.js, Pages API";

const HANDLER = `
import { jwtLogin } from "../../../../jwt-login.mjs";
import { answer } from "../../../../hosts/own-login.mjs";

export const config = { api: { bodyParser: false, externalResolver: true } };

const { LOGIN_SETUP } = process.env;
const login = LOGIN_SETUP && jwtLogin(LOGIN_SETUP);

export default function handler(req, res) {
  if (login) login(req, res, () => void answer(req, res));
  else void answer(req, res);
}
`;

/** Built once, for hosts with the login and without it. */
let built;

export async function start(login) {
  built ??= buildNext("pages-host", { "pages/api/login.js": HANDLER });
  return startNext(await built, { LOGIN_SETUP: login?.setup ?? "" });
}
