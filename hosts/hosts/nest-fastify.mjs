import { NestFactory } from "@nestjs/core";
import { FastifyAdapter } from "@nestjs/platform-fastify";

import { AppModule, startNest } from "./nest.mjs";

export const name = "NestJS on Fastify";

export async function start(login) {
  return startNest(await NestFactory.create(AppModule, new FastifyAdapter(), { logger: false }), login);
}
