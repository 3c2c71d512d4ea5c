// Puts the package itself, as it is built, where the hosts import it from.
import { rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";

const link = join(import.meta.dirname, "node_modules", "matrix-jwt-login");
rmSync(link, { force: true });
symlinkSync(join("..", ".."), link);
