import type { RequestHandler } from "express";

/** Client-Server API, "Web Browser Clients": the headers on every answer, and an OPTIONS request that does nothing. */
export const cors: RequestHandler = (request, response, next) => {
  response.set({
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "X-Requested-With, Content-Type, Authorization",
    "Access-Control-Expose-Headers": "Retry-After",
  });
  if (request.method === "OPTIONS") response.status(204).end();
  else next();
};
