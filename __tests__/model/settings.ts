/** What the replicas of the model are set to, in seconds. */
export const SETTINGS = { cacheMaxAge: 60, staleIfError: 600, cooldown: 5, timeout: 4 } as const;
/** Of verified access tokens. */
export const CACHE_AGE = 30;
export const INACTIVE_AGE = 5;
/** Of single-use tokens. */
export const TOLERANCE = 30;
export const LIMIT = { points: 3, duration: 30 } as const;
/** Of a limiter or store. */
export const STORE_DEADLINE = 2;

export const ISSUER = "https://id.example.org";
/** When every schedule begins, in seconds since 1970. */
export const START = 2_000_000_000;
