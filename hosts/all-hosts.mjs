import { readdir } from "node:fs/promises";

const folder = new URL("hosts/", import.meta.url);
const modules = await Promise.all((await readdir(folder)).sort().map((file) => import(new URL(file, folder).href)));

/** Every kind of host: `name`, and `start(login?)` that resolves to `{ url, close }`. */
export const HOSTS = modules.filter(({ start }) => start !== undefined);
