import express from "express";
import serverless from "serverless-http";

import { expressApp } from "./express-app.mjs";
import { serveLambda } from "./gateway.mjs";

export const name = "AWS Lambda, by serverless-http";

export const lambda = true;

export function start(login) {
  return serveLambda(serverless(expressApp(express, login)));
}
