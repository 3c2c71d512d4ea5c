import { fetchLogin } from "../jwt-login.mjs";
import { FLOWS, logIn, LOGIN } from "./own-login.mjs";

/** A host that speaks `Request` and `Response`; `setup` is that of its login, or undefined for none. */
export function fetchHost(setup) {
  if (setup === undefined) return own;
  const login = fetchLogin(setup);
  return (request) => login(request, { next: own });
}

async function own(request) {
  const { pathname } = new URL(request.url);
  if (pathname !== LOGIN) return Response.json({ errcode: "M_UNRECOGNIZED" }, { status: 404 });
  if (request.method === "GET" || request.method === "HEAD") return Response.json(FLOWS);
  if (request.method !== "POST") return new Response(null, { status: 405 });
  const { status, answer } = logIn(parsed(await request.arrayBuffer()));
  return Response.json(answer, { status });
}

/** Not by `request.json()`: Deno's keeps a byte order mark, unless somebody has cloned the request. */
function parsed(bytes) {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return undefined;
  }
}
