import { connect } from "node:net";

/** Milliseconds that an answer may take before it counts as a hang. */
const DEADLINE = 10_000;

/** Sends bytes that need be no good HTTP, on a connection of their own, and gives what comes back. */
export function send(port, { head, chunks, broken }) {
  return new Promise((resolve) => {
    const received = [];
    const socket = connect(port, "127.0.0.1");
    const done = (failure) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(parse(Buffer.concat(received), failure));
    };
    const timer = setTimeout(done, DEADLINE, "hang");
    socket.on("data", (data) => received.push(data));
    socket.on("end", () => done());
    socket.on("error", () => done());
    for (const part of [head, ...chunks]) socket.write(part);
    // A broken head may promise more than there is: then the end of it is all that the server can wait for.
    if (broken) socket.end();
  });
}

function parse(bytes, failure) {
  const text = bytes.toString("latin1");
  const end = text.indexOf("\r\n\r\n");
  const [, ...lines] = text.slice(0, Math.max(end, 0)).split("\r\n");
  const headers = Object.fromEntries(lines.map((line) => /^([^:]*):\s*(.*)$/.exec(line)?.slice(1) ?? [line, ""]));
  const status = failure ?? (end === -1 ? "closed" : Number(text.slice(9, 12)));
  return { status, headers, body: bytes.subarray(end + 4).toString() };
}

/** Begins a sign-in, and gives the cookie that a browser would have of it, and its state. */
export async function startSignIn(port) {
  const redirectUrl = encodeURIComponent("https://app.example.org/");
  const url = `http://127.0.0.1:${port}/_matrix/client/v3/login/sso/redirect?redirectUrl=${redirectUrl}`;
  const { headers } = await fetch(url, { redirect: "manual" });
  return { cookie: String(headers.get("set-cookie")).replace(/;.*/s, "") };
}
