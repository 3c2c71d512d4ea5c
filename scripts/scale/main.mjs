// Simulates fleets of replicas under virtual time, with the built package, and writes the tables of docs/scale.md.
//   node scripts/scale/main.mjs           writes them; takes some minutes
//   node scripts/scale/main.mjs --check   fails where one is not what would be written
import { readFileSync } from "node:fs";

import { writeOrCheck } from "../docs/page.mjs";
import { redisCalls } from "./redis.mjs";
import { announcedRotation, flood, outage, rotation, steady } from "./scenarios.mjs";

const PAGE = "docs/scale.md";
const SIZES = [1, 10, 100, 1_000, 10_000];
/** Where replicas do not affect one another, as many stand for all. */
const SAMPLE = 10;
/** Logins a second, over all replicas. */
const RATE = 1_000_000;

const number = (value) => value.toLocaleString("en-US", { maximumFractionDigits: value < 10 ? 2 : 0 });
const seconds = (value) => `${number(value)} s`;
const percent = (share) => `${number(share * 100)} %`;

const TABLES = {
  async provider() {
    const all = await steady(SAMPLE);
    const down = await outage(SAMPLE);
    const forged = await flood(SAMPLE, 100);
    if (all.lost + down.lost + forged.lostKnown > 0) throw new Error("a login with a known key was lost");
    return [
      [
        "replicas",
        "all start at once",
        "in an hour",
        "of these, in one second",
        "provider down",
        "flood of forged keys",
      ],
      ...SIZES.map((size) => {
        const scaled = (value) => number((value * size) / SAMPLE);
        return [
          number(size),
          scaled(all.start),
          scaled(all.requests),
          scaled(all.peak),
          `${scaled(down.requests / down.seconds)} a second`,
          `${scaled(forged.requests / forged.seconds)} a second`,
        ];
      }),
    ];
  },

  async rotation() {
    const rows = [];
    const row = ({ requests, lastKnows, lost, lostFor }) => [
      number(requests),
      lastKnows === Infinity ? "more than 40 s" : seconds(lastKnows),
      percent(lost),
      lostFor === 0 ? "no time" : seconds(lostFor),
    ];
    for (const size of SIZES) {
      const limited = { perSecond: 1_000 };
      rows.push([number(size), "answers 1,000 requests a second", ...row(await rotation(size, limited))]);
    }
    const patient = { perSecond: 1_000, jwksOptions: { timeout: 15 } };
    rows.push([number(SIZES.at(-1)), "the same, `timeout: 15`", ...row(await rotation(SIZES.at(-1), patient))]);
    for (const cached of [1, 5, 60]) {
      const { requests, ...measured } = await rotation(SAMPLE, { cached });
      rows.push(["any", `behind a cache of ${cached} s`, ...row({ requests, ...measured })]);
    }
    const { wait, lost } = await announcedRotation(SAMPLE);
    rows.push(["any", "publishes keys 20 minutes ahead", "as ever", seconds(wait), percent(lost), "no time"]);
    const head = [
      "replicas",
      "provider",
      "requests in 40 s",
      "last replica knows the key after",
      "logins with it lost",
      "for",
    ];
    return [head, ...rows];
  },

  async flood() {
    const rows = [];
    for (const forged of [10, 100, 1_000, 5_000]) {
      const { lostKnown, waitKnown, lostNew, waitNew } = await flood(1, forged);
      rows.push([number(forged), number(lostKnown), seconds(waitKnown), seconds(lostNew), seconds(waitNew)]);
    }
    const head = [
      "forged tokens a second at one replica",
      "known key: logins lost",
      "wait at most",
      "new key: logins lost for",
      "others wait at most",
    ];
    return [head, ...rows];
  },

  async redis() {
    const head = [
      "options",
      "calls a login",
      "calls a forged token",
      `calls a second at ${number(RATE)} logins a second`,
    ];
    const all = await redisCalls();
    return [
      head,
      ...all.map(({ options, honest, forged }) => [options, number(honest), number(forged), number(honest * RATE)]),
    ];
  },
};

let text = readFileSync(PAGE, "utf8");
for (const [name, rowsOf] of Object.entries(TABLES)) {
  const [head, ...rows] = await rowsOf();
  const lines = [head, head.map(() => "---:"), ...rows].map((row) => `| ${row.join(" | ")} |`);
  text = text.replace(
    new RegExp(`(<!-- table: ${name} -->\\n)[\\s\\S]*?(<!-- end -->)`),
    (_, begin, end) => `${begin}\n${lines.join("\n")}\n\n${end}`,
  );
  console.log(lines.join("\n"), "\n");
}
await writeOrCheck(PAGE, text, "node scripts/scale/main.mjs");
