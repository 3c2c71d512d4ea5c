import { createHash } from "node:crypto";

import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";

import { startTestServer, type TestServer } from "./helpers/test-server.js";

const redirectUri = "http://127.0.0.1:12345/";
const verifier = "a verifier of forty-three characters or more-".replaceAll(" ", "-");

let server: TestServer;
const printed = (["log", "info", "warn", "error"] as const).map((name) => jest.spyOn(console, name));

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => {
  // What it would say of development settings is said in README.md.
  expect(printed.map(({ mock }) => mock.calls)).toEqual([[], [], [], []]);
});

const authorize = (parameters: Readonly<Record<string, string>> = {}): URL => {
  const url = new URL(`${server.url}/idp/auth`);
  url.search = new URLSearchParams({
    client_id: "matrix-web",
    response_type: "code",
    scope: "openid",
    redirect_uri: redirectUri,
    state: "a state",
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    prompt: "login",
    ...parameters,
  }).toString();
  return url;
};

/** As a browser goes: from page to page with its cookies, up to what it can't show or must leave for. */
async function visit(start: URL): Promise<Response> {
  const cookies = new Map<string, string>();
  for (let url = start; ;) {
    const headers = { Accept: "text/html", Cookie: [...cookies].map((cookie) => cookie.join("=")).join("; ") };
    const response = await fetch(url, { headers, redirect: "manual" });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      cookies.set(name, value);
    }
    const location = response.headers.get("location");
    if (location === null || location.startsWith(redirectUri)) return response;
    url = new URL(location, url);
  }
}

const answerOf = ({ headers }: Response): URLSearchParams => new URL(headers.get("location") ?? "").searchParams;

async function redeem(parameters: Readonly<Record<string, string>>, origin = "http://127.0.0.1:12345") {
  const response = await fetch(`${server.url}/idp/token`, {
    method: "POST",
    headers: { Origin: origin },
    body: new URLSearchParams({
      grant_type: "authorization_code",
      client_id: "matrix-web",
      redirect_uri: redirectUri,
      code_verifier: verifier,
      ...parameters,
    }),
  });
  return { status: response.status, body: (await response.json()) as Readonly<Record<string, string>> };
}

const codeFor = async (user: string): Promise<string> =>
  answerOf(await visit(authorize({ login_hint: user }))).get("code") ?? "";

const decoded = (part = ""): unknown => JSON.parse(Buffer.from(part, "base64url").toString());

describe("the development identity provider", () => {
  test("says where things are, to any origin", async () => {
    const { headers, body } = await server.get("/idp/.well-known/openid-configuration");
    expect(headers.get("access-control-allow-origin")).toBe("*");
    expect(body).toMatchObject({
      issuer: `${server.url}/idp`,
      jwks_uri: `${server.url}/idp/jwks`,
      authorization_endpoint: `${server.url}/idp/auth`,
      token_endpoint: `${server.url}/idp/token`,
      code_challenge_methods_supported: ["S256"],
      grant_types_supported: ["authorization_code"],
    });
  });

  test("issues an access token that logs in, and an ID token that doesn't", async () => {
    const { status, body } = await redeem({ code: await codeFor("alice") });
    expect(status).toBe(200);
    const [header, claims] = (body["access_token"] ?? "").split(".");
    expect(decoded(header)).toMatchObject({ typ: "at+jwt", alg: "ES256" });
    expect(decoded(claims)).toMatchObject({
      iss: `${server.url}/idp`,
      aud: "matrix",
      sub: "alice",
      client_id: "matrix-web",
    });

    const type = "com.famedly.login.token";
    const login = "/_matrix/client/v3/login";
    expect(await server.post(login, { body: { type, token: body["access_token"] } })).toMatchObject({
      status: 200,
      body: { user_id: "@alice:localhost" },
    });
    expect(await server.post(login, { body: { type, token: body["id_token"] } })).toMatchObject({ status: 403 });
  });

  test("takes a code once, and only with its verifier", async () => {
    const code = await codeFor("alice");
    expect(await redeem({ code, code_verifier: verifier.replace("a", "b") })).toMatchObject({ status: 400 });
    expect(await redeem({ code })).toMatchObject({ status: 200 });
    expect(await redeem({ code })).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
  });

  test("gives tokens to no page of another machine", async () => {
    const answer = await redeem({ code: await codeFor("alice") }, "https://example.com");
    expect(answer).toMatchObject({ status: 400, body: { error: "invalid_request" } });
  });

  test("asks for PKCE", async () => {
    const response = await visit(authorize({ code_challenge: "", code_challenge_method: "" }));
    expect(answerOf(response).get("error")).toBe("invalid_request");
  });

  test.each([
    ["another client", { client_id: "somebody" }],
    ["a page of another machine", { redirect_uri: "https://example.com/" }],
    ["another path", { redirect_uri: "http://127.0.0.1/elsewhere" }],
  ])("sends nobody to %s, but says so on a page of its own", async (_what, parameters) => {
    const response = await visit(authorize(parameters));
    expect(response.status).toBe(400);
    expect(await response.text()).toMatch(/Development only.*The sign-in failed/s);
  });

  test("shows a page to choose from if nobody is named, or somebody unknown", async () => {
    for (const parameters of [{}, { login_hint: "mallory" }]) {
      const response = await visit(authorize(parameters));
      expect(response.status).toBe(200);
      expect(response.headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
      expect(await response.text()).toMatch(/Development only.*Sign in as Alice.*Cancel/s);
    }
  });

  test("knows nothing of a sign-in that it did not begin", async () => {
    const response = await fetch(`${server.url}/idp/sign-in/made-up`);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("The sign-in failed");
  });
});

describe("the page at /", () => {
  test("may run its own scripts, and reach this machine alone", async () => {
    const response = await fetch(server.url);
    expect(response.headers.get("content-type")).toMatch(/^text\/html/);
    expect(response.headers.get("content-security-policy")).toContain(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' http://127.0.0.1:*",
    );
    const html = await response.text();
    expect(html).not.toMatch(/<script(?! type="module" src="js\/)|<style|\sstyle=|\son\w+=/);
  });
});
