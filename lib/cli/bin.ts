#!/usr/bin/env node
import { Console } from "node:console";

import { runIn } from "./main.js";
import { printWarningsLast } from "./warnings.js";

// What options come from may write to the console, and standard output holds what was asked for alone.
globalThis.console = new Console(process.stderr, process.stderr);
printWarningsLast(process);
void runIn(process);
