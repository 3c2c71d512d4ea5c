import express from "express";
import { createServer } from "node:http";

import { expressApp } from "./express-app.mjs";
import { listen } from "./own-login.mjs";

export const name = "Express 5";

export function start(login) {
  return listen(createServer(expressApp(express, login)));
}
