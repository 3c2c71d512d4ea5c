import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";

import { send, valuesOf, type Received } from "../helpers/http-client.js";
import { serveIdentityProvider, type IdentityProvider } from "../helpers/identity-provider.js";
import { text } from "../helpers/jwks-server.js";
import { SECRET } from "../helpers/keys.js";
import { QUICK } from "../helpers/remote-login.js";
import { auth, guarded, HOSTS } from "./helpers/guarded.js";

let idp: IdentityProvider;
beforeEach(async () => {
  idp = await serveIdentityProvider();
});
afterEach(() => idp.close());

const discovered = () => ({ issuer: idp.issuer, discover: true, tokenType: "at+jwt", jwksOptions: QUICK });
const configured = { issuer: "https://other.example.org", secret: SECRET, tokenType: "at+jwt" };

const METADATA_PATH = "/_matrix/client/v1/auth_metadata";

async function metadataOf(tokens: object, method = "GET", ...host: (typeof HOSTS)[0][]): Promise<Received> {
  const { metadata } = auth(Array.isArray(tokens) ? tokens : [tokens], { externalIds: false });
  const { url } = await guarded(metadata, ...host);
  return send(url, { method, path: METADATA_PATH });
}

describe.each(HOSTS)("auth.metadata on %s", (...host) => {
  test("answers with the discovery document, for ten minutes", async () => {
    const answer = await metadataOf(discovered(), "GET", host);
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      "content-type": "application/json",
      "cache-control": "public, max-age=600",
      "content-length": String(answer.bytes.length),
    });
    expect(valuesOf(answer, "Access-Control-Allow-Origin")).toEqual(["*"]);
    expect(answer.json).toEqual(JSON.parse(idp.document()));
  });
});

describe("auth.metadata", () => {
  test("is that of the first issuer of several that is discovered", async () => {
    expect((await metadataOf([configured, discovered()])).json["issuer"]).toBe(idp.issuer);
  });

  test("is 404 M_UNRECOGNIZED without discover", async () => {
    const answer = await metadataOf(configured);
    expect(answer.status).toBe(404);
    expect(answer.json).toEqual({ errcode: "M_UNRECOGNIZED", error: "Unrecognized request" });
  });

  test("is 503 with Retry-After if it is unavailable", async () => {
    idp.discovery(text("", 500));
    const answer = await metadataOf(discovered());
    expect([answer.status, answer.json["errcode"]]).toEqual([503, "M_UNKNOWN"]);
    expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
  });

  test("is fetched once for many requests, and for HEAD has no body", async () => {
    const { metadata } = auth([discovered()], { externalIds: false });
    const { url } = await guarded(metadata);
    for (const method of ["GET", "GET", "HEAD"]) await send(url, { method, path: METADATA_PATH });
    expect(idp.discoveries()).toBe(1);
    const { text, headers } = await send(url, { method: "HEAD", path: METADATA_PATH });
    expect([text, headers["cache-control"]]).toEqual(["", "public, max-age=600"]);
  });

  test("leaves other methods to the host", async () => {
    for (const method of ["POST", "OPTIONS"]) {
      expect((await metadataOf(discovered(), method)).json).toEqual({ reached: true, has: false });
    }
  });
});
