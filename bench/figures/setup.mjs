// What figures depend on, to stand beside them.
import { cpus } from "node:os";
import { bodies } from "../http/fixtures.mjs";
import { expressVersion } from "../http/express.mjs";

/** @param {import("../http/express.mjs").ExpressMajor[]} express */
export const setup = (express) => ({
  date: new Date().toISOString(),
  node: process.version,
  openssl: process.versions.openssl,
  platform: `${process.platform} ${process.arch}`,
  cpus: cpus().length,
  express: express.map(expressVersion),
  bodyBytes: Object.fromEntries(Object.entries(bodies).map(([name, body]) => [name, body.length])),
});

/** @param {ReturnType<typeof setup>} setup */
export const setupLine = ({ node, express, bodyBytes }) =>
  `Node ${node.slice(1)}, Express ${express.join(" and ")}, bodies of ${bodyBytes.HS256} and ${bodyBytes.long} bytes`;
