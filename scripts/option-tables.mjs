// Writes the tables of options in README.md and docs/options.md from the comments in lib/, between `<!-- options: TYPE -->` and `<!-- end -->`.
//   node scripts/option-tables.mjs           writes them
//   node scripts/option-tables.mjs --check   fails where one is not what would be written
import { readFileSync } from "node:fs";

import { optionsOf } from "./docs/options.mjs";
import { writeOrCheck } from "./docs/page.mjs";

/** Where more is said of an option, by the page that lists it. */
const PAGES = {
  "README.md": {
    loginTypes: "docs/options.md#of-a-login-type",
    rateLimits: "docs/operate.md#rate-limits",
    usedTokens: "docs/operate.md#single-use-tokens",
  },
  "docs/options.md": {
    loginTypes: "#of-a-login-type",
    jwksOptions: "#of-a-jwks-endpoint",
    rateLimits: "operate.md#rate-limits",
    usedTokens: "operate.md#single-use-tokens",
    singleUse: "operate.md#single-use-tokens",
  },
};

const region = /(<!-- options: (\w+) -->\n)[\s\S]*?(<!-- end -->)/g;

for (const [page, links] of Object.entries(PAGES)) {
  const text = readFileSync(page, "utf8");
  const options = optionsOf([...text.matchAll(region)].map(([, , type]) => type));
  const written = text.replaceAll(
    region,
    (_, start, type, end) => `${start}\n${table(options.get(type), links)}\n\n${end}`,
  );
  await writeOrCheck(page, written, "npm run docs:options");
}

function table(rows, links) {
  const head = [
    ["option", "type", "default", "meaning"],
    ["---", "---", "---", "---"],
  ];
  const cells = rows.map(({ name, type, byDefault, meaning }) => [linked(name, links), type, byDefault, meaning]);
  return [...head, ...cells].map((row) => `| ${row.map(escaped).join(" | ")} |`).join("\n");
}

function linked(name, links) {
  return name in links ? `[\`${name}\`](${links[name]})` : `\`${name}\``;
}

function escaped(cell) {
  return cell.replaceAll("|", "\\|");
}
