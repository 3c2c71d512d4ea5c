import { parseLoginType } from "../login/login-type.js";
import { jwksSettings, type KeyContext } from "../tokens/keys/parse-key-source.js";
import { ProviderClient } from "./provider-client.js";
import type { ProviderConfig, SsoConfig } from "./parse-options.js";
import type { Provider } from "./parts.js";

/**
 * @param keys - those of the login under it: an issuer's discovery document and keys are fetched once for both
 * @throws OptionsError
 */
export function providersOf({ providers }: SsoConfig, keys: KeyContext): ReadonlyMap<string, Provider> {
  return new Map(Array.from(providers, ([id, config]) => [id, providerOf(config, keys)]));
}

function providerOf(config: ProviderConfig, keys: KeyContext): Provider {
  const { issuer, clientId, loginRules, path } = config;
  const rules = { ...loginRules, issuer, discover: true, audience: clientId };
  const loginType = parseLoginType(rules, path, keys);
  const settings = jwksSettings(config);
  const metadata = keys.shared.metadata(issuer, settings, keys.watcher);
  return { config, loginType, client: new ProviderClient(config, metadata, settings) };
}
