import { within } from "./deadline.js";
import { downloadJson, type DownloadLimits } from "./download.js";
import { endpointUrl } from "./endpoint-url.js";
import { Refreshed, type RefreshSettings } from "./refreshed.js";
import type { KeyWatcher } from "./watchers.js";

export type JwksSettings = RefreshSettings & DownloadLimits & { readonly allowHttp: boolean };

/** Where a set is fetched from. */
export interface JwksEndpoint {
  /** Fetches by its URL, or by one after the other where the first one known has moved. */
  load<T>(fetchSet: (uri: string) => Promise<T>): Promise<T>;
}

/**
 * Finds an issuer's JWKS endpoint by its metadata (OpenID Connect Discovery 1.0 section 4, RFC 8414 section 3), which is
 * kept and refreshed as keys are. An endpoint that is known is used while the metadata can't be had.
 */
export function discoveredEndpoint(issuer: string, settings: JwksSettings, watcher: KeyWatcher): JwksEndpoint {
  // OpenID Connect Discovery 1.0 section 4.1: behind the issuer's path, less a slash at its end.
  const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  // The other half of the time is left for the keys, of an endpoint that is known where this one hangs.
  const fetch = () =>
    within(settings.timeout / 2, async (signal) =>
      jwksUriOf(await downloadJson(url, settings, signal), issuer, settings),
    );
  const found = new Refreshed(fetch, settings, watcher);
  return {
    async load(fetchSet) {
      const known = found.current();
      if (known === undefined) return fetchSet(await found.latest());
      try {
        return await fetchSet(known);
      } catch (error) {
        // Without a wait: logins that come meanwhile would wait along, and then not get in by this fetch.
        const newer = (found.askedLately ? found.current() : undefined) ?? (await found.latest());
        if (newer === known) throw error;
        return fetchSet(newer);
      }
    },
  };
}

/** OpenID Connect Discovery 1.0 section 4.3, RFC 8414 section 3.3: metadata that names another issuer is somebody else's. */
function jwksUriOf(metadata: unknown, issuer: string, { allowHttp }: JwksSettings): string {
  const { issuer: named, jwks_uri: uri } = (metadata ?? {}) as Readonly<Record<"issuer" | "jwks_uri", unknown>>;
  if (named !== issuer) throw new Error("the discovery document is not of the configured issuer");
  return endpointUrl(uri, "jwks_uri", allowHttp);
}
