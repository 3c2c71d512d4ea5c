#!/usr/bin/env node
import { runIn } from "./main.js";

void runIn(process);
