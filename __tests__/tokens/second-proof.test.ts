import { describe, expect, jest, test } from "@jest/globals";
import { TokenError, type Claims } from "matrix-jwt-login";

import { parseLoginRules } from "../../lib/login/login-type.js";
import { SharedJwks } from "../../lib/tokens/keys/shared-jwks.js";
import type { SecondProof, Proven } from "../../lib/tokens/proofs/reader.js";
import { Verifier } from "../../lib/tokens/verifier.js";
import { SECRET } from "../helpers/keys.js";
import { token } from "../helpers/tokens.js";

const ANSWER = { active: true, username: "bob" };
const watcher = { failed: () => undefined, recovered: () => undefined };

function verifierWith(secondProof: SecondProof, options: object = {}): Verifier {
  const { verifier } = parseLoginRules({ secret: SECRET, ...options }, "", {
    shared: new SharedJwks(),
    watcher,
    introspectionWatcher: watcher,
    questions: { open: 0 },
  });
  return new Verifier({ ...verifier.config, secondProof });
}

const confirmed = (proven: Proven): Proven => ({ ...proven, introspection: ANSWER });
const WAYS: readonly (readonly [string, SecondProof["confirm"]])[] = [
  ["at once", (_, proven) => confirmed(proven)],
  ["later", (_, proven) => Promise.resolve(confirmed(proven))],
];

describe.each(WAYS)("a second proof that answers %s", (_, confirm) => {
  test("adds its answer, which functions of the host get last", async () => {
    const authorize = jest.fn((...given: unknown[]) => given.length === 3);
    const subjectClaim = jest.fn((_: Claims, answer?: Claims) => String(answer?.["username"]));
    const verifier = verifierWith({ confirm, ready: () => Promise.resolve() }, { authorize, subjectClaim });
    const verified = await verifier.verify(token());
    await verifier.authorize(verified, { device_id: "A" });
    expect(verified).toMatchObject({ claims: { sub: "alice" }, subject: "bob", introspection: ANSWER });
    expect(authorize).toHaveBeenCalledWith(verified.claims, { device_id: "A" }, ANSWER);
  });

  test("is asked for only if the token's own claims are good", () => {
    const ask = jest.fn(confirm);
    const verifier = verifierWith({ confirm: ask, ready: () => Promise.resolve() });
    expect(() => verifier.verify(token({ exp: 1 }))).toThrow(TokenError);
    expect(ask).not.toHaveBeenCalled();
  });

  test("has to be ready too", async () => {
    const ready = jest.fn(() => Promise.reject(new Error("not yet")));
    await expect(verifierWith({ confirm, ready }).ready()).rejects.toThrow("not yet");
  });
});
