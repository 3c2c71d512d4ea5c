const hosts = ["127.0.0.1", "localhost", "[::1]"];

/** Is it a URL on this machine, without TLS or with it? */
export const isLoopback = (url: string): boolean => URL.canParse(url) && hosts.includes(new URL(url).hostname);
