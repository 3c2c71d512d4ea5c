// Writes docs/api.md: every name that the package exports, from the comments in lib/. Undocumented ones are an error.
//   node scripts/api-page.mjs           writes the page
//   node scripts/api-page.mjs --check   fails where the page is not what would be written
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Application, OptionDefaults } from "typedoc";
import { load as markdown } from "typedoc-plugin-markdown";

import { writeOrCheck } from "./docs/page.mjs";

const INTRODUCTION = `# API

Every name that the package exports, from the comments in its code. The options at a glance are in the
[README](../README.md#options).
`;

/** Helpers of the types, which say nothing by themselves. */
const HELPERS = [
  "ALGORITHMS",
  "Awaitable",
  "ExactlyOne",
  "Json",
  "KEY_MANAGEMENT",
  "CONTENT_ENCRYPTION",
  "Text",
  "Flag",
  "ClaimSettings",
  "KeySettings",
  "Next",
  "BodyReader",
];

const folder = mkdtempSync(join(tmpdir(), "matrix-jwt-login-api-"));
try {
  const body = withRightLinks(await render(folder));
  await writeOrCheck(
    "docs/api.md",
    leadingSomewhere([INTRODUCTION, contentsOf(body), body].join("\n")),
    "npm run docs:api",
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function render(folder) {
  const app = await Application.bootstrapWithPlugins({
    entryPoints: ["lib/index.ts"],
    tsconfig: "tsconfig.esm.json",
    // The type-checker's own step, which CI has.
    skipErrorChecking: true,
    logLevel: "Warn",
    validation: { notExported: true, invalidLink: true, rewrittenLink: true, notDocumented: true },
    intentionallyNotExported: HELPERS,
    blockTags: [...OptionDefaults.blockTags, "@unit"],
    jsDocCompatibility: { defaultTag: false },
    readme: "none",
    disableSources: true,
    excludeExternals: true,
    sort: ["source-order"],
    groupOrder: ["Functions", "Interfaces", "Type Aliases", "Classes"],
    plugin: [markdown],
    outputs: [{ name: "markdown", path: folder }],
    router: "module",
    entryFileName: "api.md",
    hidePageHeader: true,
    hidePageTitle: true,
    hideBreadcrumbs: true,
    useCodeBlocks: true,
    parametersFormat: "table",
  });
  const project = await app.convert();
  if (project === undefined) throw new Error("lib/index.ts can't be read");
  app.validate(project);
  if (app.logger.hasErrors() || app.logger.hasWarnings()) throw new Error("lib/ is not documented as it should be");
  for (const { comment } of Object.values(project.reflections)) if (comment !== undefined) inOnePiece(comment);
  await app.generateOutputs(project);
  // What Express fills in by itself says nothing here.
  return readFileSync(join(folder, "api.md"), "utf8").replaceAll(/(`Request`)\\<`ParamsDictionary`.*?\\>\\>/g, "$1");
}

/** Puts remarks, unit and default below the summary: a heading for each would be longer than what it says. */
function inOnePiece(comment) {
  const parts = { "@remarks": "\n\n", "@unit": "\n\nUnit: ", "@defaultValue": "\n\nDefault: " };
  for (const [tag, label] of Object.entries(parts)) {
    const block = comment.getTag(tag);
    if (block === undefined) continue;
    comment.summary.push({ kind: "text", text: label }, ...block.content);
    comment.removeTags(tag);
  }
}

/** A page's headings and where they are, as GitHub and npm count equal ones. */
function headingsOf(page) {
  const seen = new Map();
  return Array.from(page.matchAll(/^(#+) (.*)$/gm), ([, level, title]) => {
    const slug = title
      .toLowerCase()
      .replaceAll(/[^\w -]/g, "")
      .replaceAll(" ", "-");
    const before = seen.get(slug) ?? 0;
    seen.set(slug, before + 1);
    return { level, title, anchor: before === 0 ? `#${slug}` : `#${slug}-${before}` };
  });
}

/** The page's groups, each with its names and where on the page they are. */
function groupsOf(body) {
  const groups = [];
  for (const { level, title, anchor } of headingsOf(body)) {
    if (level === "##") groups.push({ title, names: [] });
    if (level === "###") groups.at(-1).names.push({ title, anchor });
  }
  return groups;
}

/** A line for each group, with a link to each name. */
function contentsOf(body) {
  const line = ({ title, names }) =>
    `- **${title}**: ${names.map((name) => `[${name.title}](${name.anchor})`).join(", ")}`;
  return `${groupsOf(body).map(line).join("\n")}\n`;
}

/** The plugin counts \`jwtLogin\` and \`JwtLogin\` apart, and would lead to the first of them. */
function withRightLinks(body) {
  const anchors = new Map(groupsOf(body).flatMap(({ names }) => names.map(({ title, anchor }) => [title, anchor])));
  return body.replaceAll(
    /(\[`?(\w+)`?\])\((#[\w-]+)\)/g,
    (_, text, name, anchor) => `${text}(${anchors.get(name) ?? anchor})`,
  );
}

/** Functions and types whose names differ by case alone share an anchor: the numbers that tell them apart are made right. */
function leadingSomewhere(page) {
  const anchors = new Set(headingsOf(page).map(({ anchor }) => anchor));
  return page.replaceAll(/\]\((#[\w-]+?)-\d+\)/g, (link, anchor) =>
    anchors.has(link.slice(2, -1)) || !anchors.has(anchor) ? link : `](${anchor})`,
  );
}
