import { Router } from "./router.js";
import { MemoryStorage } from "./storage.js";

export const serverName = "example.org";
export const storage = new MemoryStorage();
export const router = new Router();
