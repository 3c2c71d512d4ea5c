import express from "express4";
import { createServer } from "node:http";

import { expressApp } from "./express-app.mjs";
import { listen } from "./own-login.mjs";

export const name = "Express 4";

export function start(login) {
  return listen(createServer(expressApp(express, login)));
}
