// What the command line may say.
import path from "node:path";
import { parseArgs } from "node:util";
import { names, number } from "./command.mjs";
import { operations } from "../floor/floor.mjs";
import { OUT } from "../figures/results.mjs";
import { modes } from "../http/modes.mjs";
import { plan } from "../http/plan.mjs";

export const HELP = `npm run bench -- [options]

  --processes N     processes of every mode, one after the other (3, and 1 with --profile)
  --rounds N        measured rounds of every process (5)
  --seconds S       about how long a round of one mode takes (0.5)
  --requests N      requests in a round, instead of as many as fit --seconds
  --connections N   keep-alive connections (10)
  --warmup S        seconds of load on every mode before anything is measured (4)
  --express A,B     4, 5 or both, each with all that is chosen (5, and a few modes on 4)
  --only A,B        only these modes and operations of the floor
  --all             also the extra modes
  --profile         profile the servers' CPU and name the hottest functions; the figures are then not comparable
  --chart FILE      draw the CPU ratios as an SVG
  --out DIR         where results.json and profiles go (out, beside this file)
  --help

Modes: ${modes.map(({ id, extra }) => (extra ? `${id} (extra)` : id)).join(", ")}

Floor: ${operations.map(({ id }) => id).join(", ")}
`;

export function readOptions() {
  const { values } = parseArgs({
    options: {
      processes: { type: "string", default: "3" },
      rounds: { type: "string", default: "5" },
      seconds: { type: "string", default: "0.5" },
      requests: { type: "string", default: "0" },
      connections: { type: "string", default: "10" },
      warmup: { type: "string", default: "4" },
      express: { type: "string" },
      only: { type: "string" },
      all: { type: "boolean", default: false },
      profile: { type: "boolean", default: false },
      chart: { type: "string" },
      out: { type: "string", default: OUT },
      help: { type: "boolean", default: false },
    },
  });

  const { all, help, profile, chart, out } = values;
  const only = names(
    "only",
    values.only,
    [...modes, ...operations].map(({ id }) => id),
  );
  const express = names("express", values.express, /** @type {const} */ (["4", "5"]))?.map(
    (major) => /** @type {import("../http/express.mjs").ExpressMajor} */ (Number(major)),
  );
  return {
    help,
    processes: values.profile ? 1 : number("processes", values.processes),
    rounds: number("rounds", values.rounds),
    seconds: number("seconds", values.seconds, { minimum: 0.05, whole: false }),
    requests: number("requests", values.requests, { minimum: 0 }),
    connections: number("connections", values.connections),
    warmup: number("warmup", values.warmup, { minimum: 0.1, whole: false }),
    modes: plan({ only, all, express }),
    operations: operations.filter(({ id }) => !only || only.includes(id)),
    profile,
    chart: chart === undefined ? undefined : path.resolve(chart),
    out: path.resolve(out),
  };
}

/** @typedef {ReturnType<typeof readOptions>} Options */
