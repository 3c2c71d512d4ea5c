// All that oidc-provider, which asks for Node 22, misses on Node 20. Imported before it.
if (!("parse" in URL)) {
  Object.defineProperty(URL, "parse", {
    value: (url: string, base?: string): URL | null => (URL.canParse(url, base) ? new URL(url, base) : null),
    configurable: true,
    writable: true,
  });
}
