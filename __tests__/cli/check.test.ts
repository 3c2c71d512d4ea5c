import { runInNewContext } from "node:vm";

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from "@jest/globals";

import { createTokenVerifier, type LoginTypeOptions } from "../../lib/index.js";
import { serveOidcProvider, type OidcProvider } from "../identity-providers/helpers/oidc-provider.js";
import { serveIdentityProvider, type IdentityProvider } from "../helpers/identity-provider.js";
import { keySet, text } from "../helpers/jwks-server.js";
import { P256, jwk, RSA } from "../helpers/keys.js";
import { run } from "./helpers.js";

const GOOD_KEY = jwk(RSA, { kid: "one", alg: "RS256", use: "sig" });

interface Checked {
  readonly usable: boolean;
  readonly issuer?: string;
  readonly findings: readonly { name: string; result: string; text: string; advice?: string }[];
  readonly options?: Readonly<Record<string, string>>;
}

async function checked(...args: readonly string[]): Promise<Checked & { exitCode: number }> {
  const { exitCode, stdout } = await run(["check", "--json", ...args]);
  return { exitCode, ...(JSON.parse(stdout) as Checked) };
}

function said({ findings }: Checked, name: string): string {
  return findings
    .filter((finding) => finding.name === name)
    .map(({ result, text: what, advice = "" }) => `${result} ${what} ${advice}`)
    .join("\n");
}

describe("check, of a real provider", () => {
  let provider: OidcProvider;
  beforeAll(async () => {
    provider = await serveOidcProvider({ kid: "rsa", algorithm: "RS256", pair: RSA }, { path: "/oidc" });
  });
  afterAll(() => provider.close());

  test("finds it usable, and prints the options for it", async () => {
    const { exitCode, stdout, stderr } = await run(["check", provider.issuer]);

    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toMatch(/^Usable\.\n/);
    expect(stdout).toContain(`issuer: "${provider.issuer}",`);
    expect(stdout).toContain('algorithms: ["RS256"');
    expect(stdout).toMatch(/pass {2}code flow/);
    expect(stdout).toMatch(/pass {2}clock/);
  });

  test.each([
    ["itself, in quotes", (issuer: string) => `"${issuer}"`],
    ["its discovery document's URL", (issuer: string) => `${issuer}/.well-known/openid-configuration`],
    ["that URL with a query", (issuer: string) => `${issuer}/.well-known/openid-configuration?appid=1`],
    ["that URL with a fragment", (issuer: string) => `${issuer}/.well-known/openid-configuration#top`],
    ["a slash too many", (issuer: string) => `${issuer}/`],
    ["white space around it", (issuer: string) => ` ${issuer}\n`],
  ])("understands %s", async (_, written) => {
    const found = await checked(written(provider.issuer));

    expect([found.exitCode, found.issuer]).toEqual([0, provider.issuer]);
    expect(found.options?.["login"]).toContain(`issuer: "${provider.issuer}"`);
  });
});

const BY_CODE = { response_types_supported: ["code"] };

describe("check", () => {
  let provider: IdentityProvider;
  beforeEach(async () => {
    provider = await serveIdentityProvider();
    provider.answer("/jwks", keySet([GOOD_KEY]));
  });
  afterEach(() => provider.close());

  test.each<[string, Readonly<Record<string, unknown>>, string, RegExp]>([
    ["introspection", { introspection_endpoint: "https://id.example.org/introspect" }, "introspection", /^pass/],
    ["no introspection", {}, "introspection", /^note not offered/],
    ["PKCE", { code_challenge_methods_supported: ["S256"] }, "PKCE", /^pass/],
    ["no PKCE", { code_challenge_methods_supported: ["plain"] }, "PKCE", /^note/],
    ["RFC 9207", { authorization_response_iss_parameter_supported: true }, "RFC 9207", /^pass/],
    ["back-channel logout", { backchannel_logout_supported: true }, "logout", /^pass/],
    ["session IDs", { backchannel_logout_session_supported: true }, "sid", /^pass/],
    ["no sign-in by code", { response_types_supported: ["id_token"] }, "code flow", /^note not listed/],
    [
      "introspection without https",
      { introspection_endpoint: "http://id.example.org/i" },
      "introspection",
      /^note .*https/,
    ],
    ["tokens without https", { ...BY_CODE, token_endpoint: "http://id.example.org/t" }, "code flow", /^note .*https/],
    [
      "sign-in without https",
      { ...BY_CODE, authorization_endpoint: "http://id.example.org/a" },
      "code flow",
      /^note .*https/,
    ],
    ["secrets alone", { id_token_signing_alg_values_supported: ["HS256", "none"] }, "algorithms", /^note .*public key/],
  ])("says that a provider has %s", async (_, members, name, finding) => {
    provider.discovery(text(provider.document(members)));
    const found = await checked(provider.issuer);
    expect(found.exitCode).toBe(0);
    expect(said(found, name)).toMatch(finding);
  });

  test("finds unusable what a login could not read: a document that is too deep, a set with too much in it", async () => {
    provider.discovery(text(provider.document({ deep: JSON.parse("[".repeat(120) + "]".repeat(120)) as unknown })));
    expect(await checked(provider.issuer)).toMatchObject({ exitCode: 1, usable: false });
    provider.discovery(text(provider.document()));
    provider.answer("/jwks", keySet([GOOD_KEY, ...Array.from({ length: 60_000 }, () => 0)]));
    expect(await checked(provider.issuer)).toMatchObject({ exitCode: 1, usable: false });
  });

  test("offers no single sign-on without the code flow, and does with it", async () => {
    expect(Object.keys((await checked(provider.issuer)).options ?? {})).toEqual(["login", "bearer"]);
    provider.discovery(text(provider.document({ response_types_supported: ["code"] })));
    expect(Object.keys((await checked(provider.issuer)).options ?? {})).toEqual(["login", "sso", "bearer"]);
    expect((await run(["check", provider.issuer])).stdout).toContain("in sso.identityProviders");
    const secretsAlone = { id_token_signing_alg_values_supported: ["HS256"] };
    provider.discovery(text(provider.document({ response_types_supported: ["code"], ...secretsAlone })));
    expect(Object.keys((await checked(provider.issuer)).options ?? {})).toEqual(["login", "bearer"]);
  });

  test.each(["ftp://id.example.org", "file:///etc/passwd", "ws://id.example.org"])(
    "takes %s for wrong use",
    async (issuer) => {
      const { exitCode, stdout, stderr } = await run(["check", issuer]);
      expect([exitCode, stdout]).toEqual([2, ""]);
      expect(stderr).toMatch(/must be an https: URL/);
    },
  );

  test.each<[string, (idp: IdentityProvider) => void, string, RegExp]>([
    [
      "has no discovery document",
      (idp) => {
        idp.discovery(text("{}", 404));
      },
      "discovery",
      /status 404/,
    ],
    [
      "answers with HTML",
      (idp) => {
        idp.discovery(text("<html>"));
      },
      "discovery",
      /not JSON/,
    ],
    [
      "answers with null",
      (idp) => {
        idp.discovery(text("null"));
      },
      "discovery",
      /no JSON object/,
    ],
    [
      "answers without an end",
      (idp) => {
        idp.discovery(text(" ".repeat(2_000_000)));
      },
      "discovery",
      /more than 1048576 bytes/,
    ],
    [
      "answers with a redirect",
      (idp) => {
        idp.discovery(text("", 302, { Location: "/elsewhere" }));
      },
      "discovery",
      /redirect/,
    ],
    [
      "is an issuer of a million slashes",
      (idp) => {
        idp.discovery(text(idp.document({ issuer: `${"/".repeat(1_000_000)}x` })));
      },
      "issuer",
      /1000001 characters/,
    ],
    [
      "names no issuer",
      (idp) => {
        idp.discovery(text(idp.document({ issuer: undefined })));
      },
      "issuer",
      /names none/,
    ],
    [
      "is another issuer",
      (idp) => {
        idp.discovery(text(idp.document({ issuer: "https://other.example" })));
      },
      "issuer",
      /names "https:\/\/other/,
    ],
    [
      "stands for all tenants",
      (idp) => {
        idp.discovery(text(idp.document({ issuer: "https://x/{tenantid}/v2.0" })));
      },
      "issuer",
      /your own tenant/,
    ],
    [
      "names no keys",
      (idp) => {
        idp.discovery(text(idp.document({ jwks_uri: undefined })));
      },
      "keys",
      /no jwks_uri/,
    ],
    [
      "has its keys at an http: URL",
      (idp) => {
        idp.discovery(text(idp.document({ jwks_uri: "http://192.0.2.1/jwks" })));
      },
      "keys",
      /https/,
    ],
    [
      "has no set of keys",
      (idp) => {
        idp.answer("/jwks", text("{}"));
      },
      "keys",
      /no JWK Set/,
    ],
    [
      "hides its keys",
      (idp) => {
        idp.answer("/jwks", text("", 500));
      },
      "keys",
      /status 500/,
    ],
    [
      "has no usable key",
      (idp) => {
        idp.answer("/jwks", keySet([jwk(RSA, { use: "enc" })]));
      },
      "keys",
      /no key can verify/,
    ],
    [
      "has a clock that is wrong",
      (idp) => {
        idp.discovery(text(idp.document(), 200, { Date: new Date(Date.now() - 3_600_000).toUTCString() }));
      },
      "clock",
      /behind/,
    ],
  ])("finds a provider unusable that %s", async (_, breaks, name, finding) => {
    breaks(provider);
    const found = await checked(provider.issuer);

    expect([found.exitCode, found.usable, found.options]).toEqual([1, false, undefined]);
    expect(said(found, name)).toMatch(/^fail/m);
    expect(said(found, name)).toMatch(finding);
    expect((await run(["check", provider.issuer])).stdout).toMatch(/^Not usable/);
  });

  test("says of keys' address that answers that it is reached", async () => {
    provider.answer("/jwks", text("", 500));
    const found = await checked(provider.issuer);
    expect(said(found, "keys")).toContain("it answered with status 500");
    expect((await run(["check", provider.issuer])).stdout).toContain("-> The address is reached");
  });

  test.each([
    ["status 500", text("{}", 500), "is not working now"],
    ["status 404", text("{}", 404), "has no such document: compare the issuer"],
    ["status 403", text("{}", 403), "The address is reached: see why it answers so."],
    ["something that is not JSON", text("<html>"), "Something else than a discovery document is there"],
    ["no JSON object", text("null"), "Something else than a discovery document is there"],
  ])("advises by what the issuer answered with: %s", async (answer, given, advice) => {
    provider.discovery(given);
    const { stdout } = await run(["check", provider.issuer]);
    expect(stdout).toContain(`it answered with ${answer}`);
    expect(stdout).toContain(advice);
    expect(stdout).not.toContain("can this machine reach it");
  });

  test("says of an issuer that redirects that it is reached", async () => {
    provider.discovery(text("", 301, { Location: "https://id.example.org/" }));
    expect((await run(["check", provider.issuer])).stdout).toContain("-> The address is reached: see why");
  });

  test("says nothing of the session in logout tokens that the provider does not send", async () => {
    expect(said(await checked(provider.issuer), "sid")).toBe("");
    provider.discovery(text(provider.document({ backchannel_logout_supported: true })));
    expect(said(await checked(provider.issuer), "sid")).toMatch(/^note logout tokens name the user/);
  });

  test("says of an empty set that it has no keys", async () => {
    provider.answer("/jwks", keySet([]));
    expect(said(await checked(provider.issuer), "keys")).toContain("the JWK Set has no keys");
  });

  test("asks of an address that does not answer whether it can be reached", async () => {
    provider.answer("/jwks", (_, res) => {
      res.destroy();
    });
    expect((await run(["check", provider.issuer])).stdout).toContain("-> See whether this machine can reach it");
  });

  test("notes a clock that is a little off", async () => {
    provider.discovery(text(provider.document(), 200, { Date: new Date(Date.now() + 20_000).toUTCString() }));
    const found = await checked(provider.issuer);
    expect([found.exitCode, said(found, "clock")]).toEqual([0, expect.stringMatching(/^note .*ahead/)]);
  });

  test("says that a clock that is not told is not compared", async () => {
    provider.discovery((_, res) => {
      res.sendDate = false;
      res.end(provider.document());
    });
    provider.answer("/jwks", (_, res) => {
      res.sendDate = false;
      res.end(JSON.stringify({ keys: [GOOD_KEY] }));
    });
    expect(said(await checked(provider.issuer), "clock")).toContain("not compared: no answer had a Date");
  });

  test("lists the keys, and why one is passed over", async () => {
    provider.answer("/jwks", keySet([GOOD_KEY, jwk(P256, { kid: "enc", use: "enc" })]));
    const found = await checked(provider.issuer);
    expect(said(found, "key")).toMatch(/^pass .*one/m);
    expect(said(found, "key")).toMatch(/^note .*enc/m);
  });

  test("finds the usable key behind many others", async () => {
    const others = Array.from({ length: 20 }, (_, index) => jwk(P256, { kid: String(index), use: "enc" }));
    provider.answer("/jwks", keySet([...others, GOOD_KEY]));
    const found = await checked(provider.issuer);
    expect([found.exitCode, said(found, "key")]).toEqual([0, expect.stringContaining("1 more")]);
  });

  test("says so if https is asked of a port that speaks http", async () => {
    const found = await checked(provider.issuer.replace("http:", "https:"));
    expect(found.exitCode).toBe(1);
    expect(said(found, "discovery")).toContain("that port does not speak https");
    expect(said(found, "discovery")).toContain(`Is "${provider.issuer}/.well-known/openid-configuration" meant?`);
    expect(said(found, "discovery")).not.toContain("SSL");
  });

  test("lists twenty keys at most", async () => {
    provider.answer("/jwks", keySet(Array.from({ length: 23 }, (_, index) => ({ ...GOOD_KEY, kid: String(index) }))));
    const found = await checked(provider.issuer);
    expect(found.findings.filter(({ name }) => name === "key")).toHaveLength(21);
    expect(said(found, "key")).toContain("3 more");
  });

  test("takes the keys' URL of a provider without discovery", async () => {
    const found = await checked("--jwks-uri", `${provider.url}/jwks`);
    expect([found.exitCode, Object.keys(found.options ?? {})]).toEqual([0, ["login", "bearer"]]);
    expect(found.options?.["login"]).toContain(`jwksUri: "${provider.url}/jwks"`);
    expect(found.options?.["login"]).toContain("THE ISS OF ITS TOKENS");
  });

  test("asks for no discovery document if it is given the keys' URL", async () => {
    const found = await checked("https://id.example.org", "--jwks-uri", `${provider.url}/jwks`);
    expect([found.exitCode, found.options?.["login"]]).toEqual([0, expect.stringContaining("https://id.example.org")]);
    expect(provider.discoveries()).toBe(0);
  });

  test("takes any issuer as it is beside the keys' URL", async () => {
    const { options } = await checked("urn:my:issuer", "--jwks-uri", `${provider.url}/jwks`);
    expect(options?.["login"]).toContain('issuer: "urn:my:issuer"');
  });

  test.each(["https://id.example.org/?tenant=1", "https://id.example.org/#a", "https://id.example.org/a b"])(
    "finds no document by %s, and asks nobody",
    async (issuer) => {
      const found = await checked(issuer);
      expect([found.exitCode, said(found, "issuer")]).toEqual([1, expect.stringContaining("no document is found by")]);
    },
  );

  test("prints options that allow http where it was allowed", async () => {
    provider.discovery(text(provider.document({ response_types_supported: ["code"] })));
    const { options } = await checked("--allow-http", provider.issuer);
    expect(Object.keys(options ?? {})).toEqual(["login", "sso", "bearer"]);
    for (const block of Object.values(options ?? {})) expect(block).toContain("jwksOptions: { allowHttp: true },");
    expect((await checked(provider.issuer)).options?.["login"]).not.toContain("allowHttp");
  });

  test("prints options for single sign-on that JavaScript reads, and that refuse an unset secret", async () => {
    provider.discovery(text(provider.document({ response_types_supported: ["code"] })));
    const { options } = await checked(provider.issuer);
    const made = runInNewContext(`({${options?.["sso"] ?? ""}})`, { process: { env: {} } }) as Record<string, object>;
    expect(made["example"]).toMatchObject({ issuer: provider.issuer, clientId: "matrix-sign-in", clientSecret: "" });
  });

  test.each([["login"], ["bearer"]])("prints options that the library takes, for %s", async (name) => {
    const { options } = await checked(provider.issuer);
    const [made] = Object.values(runInNewContext(`({${options?.[name] ?? ""}})`) as Record<string, LoginTypeOptions>);
    await expect(createTokenVerifier({ ...made } as LoginTypeOptions).ready()).resolves.toBeUndefined();
  });

  test("prints no password of a URL", async () => {
    const { exitCode, stdout, stderr } = await run(["check", "https://user:hunter2@id.example.org"]);
    expect([exitCode, stdout]).toEqual([2, ""]);
    expect(stderr).not.toContain("hunter2");
  });

  test("adds the scheme to an issuer without one, and says so", async () => {
    const fetch = jest.spyOn(globalThis, "fetch").mockRejectedValue(new Error("no network"));
    try {
      const answer = await checked("id.example.org");
      expect(said(answer, "address")).toContain('"https://id.example.org" is meant');
      expect(said(answer, "discovery")).toContain("https://id.example.org/.well-known/");
    } finally {
      fetch.mockRestore();
    }
  });

  test.each([
    ["nothing", []],
    ["two issuers", ["https://a.example", "https://b.example"]],
    ["an http: issuer", ["http://192.0.2.1"]],
    ["an issuer that is no URL", ["https://"]],
    ["keys at an http: URL", ["--jwks-uri", "http://192.0.2.1/jwks"]],
    ["an unknown flag", ["--bogus"]],
  ])("refuses %s as wrong use", async (_, args) => {
    expect(await run(["check", ...args])).toMatchObject({ exitCode: 2, stdout: "" });
  });

  test("prints nothing that a terminal acts on", async () => {
    const hostile = "https://\u001b[2J\u202e.example";
    provider.discovery(text(provider.document({ issuer: hostile })));
    for (const flags of [[], ["--json"]]) {
      const { stdout } = await run(["check", ...flags, provider.issuer]);
      expect(stdout.replaceAll("\n", "")).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
    }
  });
});
