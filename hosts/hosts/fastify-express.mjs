import express from "@fastify/express";

import { startFastify } from "./fastify.mjs";

export const name = "Fastify, by @fastify/express";

export function start(login) {
  return startFastify(express, login);
}
