// An identity provider in hostile hands: what it answers is written into what it is asked.
import { createServer } from "node:http";
import { URLSearchParams } from "node:url";

/** Text that makes the provider answer so; of the characters of a bearer token (RFC 6750 section 2.1). */
export function asking(answer) {
  return Buffer.from(JSON.stringify(answer)).toString("base64url");
}

/** @param keys - a JWK Set */
export async function startProvider(keys) {
  let issuer;
  const server = createServer(async (req, res) => {
    if (req.url === "/.well-known/openid-configuration") return answer(res, { body: documentOf(issuer) });
    if (req.url === "/jwks") return answer(res, { body: keys });
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    const form = new URLSearchParams(Buffer.concat(chunks).toString());
    return answer(res, wishIn(form.get("token") ?? form.get("code") ?? ""));
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  issuer = `http://127.0.0.1:${server.address().port}`;
  return issuer;
}

function documentOf(issuer) {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    introspection_endpoint: `${issuer}/introspect`,
    jwks_uri: `${issuer}/jwks`,
  };
}

function answer(res, { status = 200, type = "application/json", body, text = JSON.stringify(body), drop = false }) {
  if (drop) return res.destroy();
  try {
    return res.writeHead(status, { "Content-Type": type }).end(text);
  } catch {
    // A damaged wish may ask for what no HTTP server can send.
    return res.destroy();
  }
}

function wishIn(text) {
  try {
    return { ...JSON.parse(Buffer.from(text, "base64url").toString()) };
  } catch {
    return { status: 400, body: { error: "invalid_grant" } };
  }
}
