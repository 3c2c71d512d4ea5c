import { NestFactory } from "@nestjs/core";
import { ExpressAdapter } from "@nestjs/platform-express";

import { AppModule, startNest } from "./nest.mjs";

export const name = "NestJS on Express";

export async function start(login) {
  return startNest(await NestFactory.create(AppModule, new ExpressAdapter(), { logger: false }), login);
}
