// Writes the tables of options in README.md from the comments in lib/, between `<!-- options: TYPE -->` and `<!-- end -->`.
//   node scripts/option-tables.mjs           writes them
//   node scripts/option-tables.mjs --check   fails where one is not what would be written
import { readFileSync } from "node:fs";

import { optionsOf } from "./docs/options.mjs";
import { writeOrCheck } from "./docs/page.mjs";

const PAGE = "README.md";

/** Where the README says more of an option. */
const SECTIONS = {
  loginTypes: "#of-a-login-type",
  rateLimits: "#rate-limits",
  usedTokens: "#tokens-that-log-in-once",
  singleUse: "#tokens-that-log-in-once",
  jwksOptions: "#of-a-jwks-endpoint",
};

const readme = readFileSync(PAGE, "utf8");
const region = /(<!-- options: (\w+) -->\n)[\s\S]*?(<!-- end -->)/g;
const options = optionsOf([...readme.matchAll(region)].map(([, , type]) => type));
const page = readme.replaceAll(region, (_, start, type, end) => `${start}\n${table(options.get(type))}\n\n${end}`);
await writeOrCheck(PAGE, page, "npm run docs:options");

function table(rows) {
  const head = [
    ["option", "type", "default", "meaning"],
    ["---", "---", "---", "---"],
  ];
  const cells = rows.map(({ name, type, byDefault, meaning }) => [linked(name), type, byDefault, meaning]);
  return [...head, ...cells].map((row) => `| ${row.map(escaped).join(" | ")} |`).join("\n");
}

function linked(name) {
  return name in SECTIONS ? `[\`${name}\`](${SECTIONS[name]})` : `\`${name}\``;
}

function escaped(cell) {
  return cell.replaceAll("|", "\\|");
}
