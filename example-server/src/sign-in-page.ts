import { join } from "node:path";

import express, { type RequestHandler } from "express";

/** The page at `/`: files, and nothing that is made for a request. It works as well from another origin than the server's. */
export const signInPage = (): RequestHandler =>
  express.static(join(import.meta.dirname, "../public"), {
    setHeaders: (response) => {
      response.setHeader("Cache-Control", "no-cache");
      response.setHeader("Content-Security-Policy", policy);
      response.setHeader("Referrer-Policy", "no-referrer");
      response.setHeader("X-Content-Type-Options", "nosniff");
    },
  });

// Whatever a script on the page might try: no code but its own files, and no server but this machine's.
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self' http://127.0.0.1:* http://localhost:*",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join("; ");
