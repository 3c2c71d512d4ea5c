import serverlessExpress from "@codegenie/serverless-express";
import express from "express";

import { expressApp } from "./express-app.mjs";
import { serveLambda } from "./gateway.mjs";

export const name = "AWS Lambda, by @codegenie/serverless-express";

export const lambda = true;

export function start(login) {
  const handler = serverlessExpress({ app: expressApp(express, login) });
  return serveLambda((event, context) => handler(event, context));
}
