// The process of one mode's server: "start", then any number of "cpu".
import { once } from "node:events";
import { createServer } from "node:http";
import { loadExpress } from "./express.mjs";
import { answerParent, cpu } from "../process/parent.mjs";

/** A thousand connections may come at once. */
const BACKLOG = 2_048;

answerParent({
  async start({ file, settings }) {
    const { createApp } = await import(`./servers/${file}.mjs`);
    const express = await loadExpress(settings.express);
    const server = createServer(createApp({ ...settings, express })).listen(0, "127.0.0.1", BACKLOG);
    await once(server, "listening");
    return server.address();
  },
  cpu,
});
