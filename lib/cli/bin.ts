#!/usr/bin/env node
import { runIn } from "./main.js";
import { printWarningsLast } from "./warnings.js";

printWarningsLast(process);
void runIn(process);
