import { createPublicKey, type JsonWebKey, type KeyObject } from "node:crypto";

import type { LoginTypeOptions } from "../../login/login-type.js";
import { anyObject, at, type Check, listOf, text } from "../../support/checks.js";
import { OptionsError } from "../../support/options-error.js";
import { ALGORITHMS, isHmac } from "../../tokens/algorithms.js";
import { configuredJwks, sharedSecret } from "../../tokens/keys/configured-jwks.js";
import { isSecret, type Jwk, otherUseOf } from "../../tokens/keys/jwk.js";
import { warnOfShortSecret } from "../../tokens/keys/secret.js";
import type { SettingsReader } from "../yaml.js";

type KeySource = Pick<LoginTypeOptions, "publicKey" | "secret" | "keyFile" | "jwksUri" | "jwks" | "algorithms">;

export const KEY_SETTINGS = ["jwk_set", "jwk_file", "jwks_endpoint"] as const;

/**
 * Where keys come from. Of several settings the original uses one alone, and in this order.
 *
 * @throws OptionsError
 */
export function keySource(options: SettingsReader): KeySource {
  const jwksUri = options.optional("jwks_endpoint", text);
  if (jwksUri !== undefined) return { jwksUri };
  const jwks = options.optional("jwk_set", jwkOrSet);
  if (jwks !== undefined) return jwks;
  const keyFile = options.optional("jwk_file", text);
  if (keyFile !== undefined) return { keyFile };
  throw new OptionsError(options.at("jwk_set"), "is required, or jwk_file, or jwks_endpoint");
}

const jwkOrSet: Check<KeySource> = (value, path) => {
  const jwk = anyObject(value, path);
  if (!Object.hasOwn(jwk, "keys")) return singleKey(jwk, path);
  const keys = listOf(anyObject)(jwk["keys"], at(path, "keys"));
  for (const [index, key] of keys.entries()) {
    const here = at(at(path, "keys"), index);
    if (key["kty"] === "oct") warnOfShortSecret([sharedSecret(key, here)], ALGORITHMS.filter(isHmac), here);
  }
  return { jwks: configuredJwks({ keys }) };
};

/** A key by itself: whatever a token's `kid` is. */
function singleKey(jwk: Jwk, path: string): KeySource {
  if (otherUseOf(jwk) !== undefined) {
    if ((jwk["use"] ?? "sig") !== "sig") throw new OptionsError(at(path, "use"), "must be sig for a key that verifies");
    throw new OptionsError(at(path, "key_ops"), "must hold verify for a key that verifies");
  }
  const { alg } = jwk;
  const algorithms = ALGORITHMS.filter((name) => name === alg);
  const key = jwk["kty"] === "oct" ? { secret: sharedSecret(jwk, path) } : { publicKey: publicKey(jwk, path) };
  return algorithms.length === 0 ? key : { ...key, algorithms };
}

function publicKey(jwk: Jwk, path: string): KeyObject {
  if (isSecret(jwk)) throw new OptionsError(path, "holds a private key; leave out d, p, q, dp, dq and qi");
  try {
    return createPublicKey({ key: jwk as JsonWebKey, format: "jwk" });
  } catch (cause) {
    throw new OptionsError(path, "can't be read as a JWK", { cause });
  }
}
