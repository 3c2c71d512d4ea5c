import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

import { describe, expect, test } from "@jest/globals";

import { PAGES } from "./helpers/pages.js";

const root = join(import.meta.dirname, "..", "..");

describe("the links of", () => {
  test.each(PAGES)("%s lead somewhere", (page) => {
    const targets = Array.from(
      withoutCode(readFileSync(join(root, page), "utf8")).matchAll(/\]\(([^)\s]+)\)/g),
      ([, target = ""]) => target,
    );
    const broken = targets.filter((target) => !/^(?:https?|mailto):/.test(target) && !leadsSomewhere(page, target));

    expect(broken).toEqual([]);
  });
});

test("every page can be reached from the README", () => {
  const reached = new Set<string>();
  const reach = (page: string): void => {
    if (reached.has(page) || !PAGES.includes(page)) return;
    reached.add(page);
    for (const [, target = ""] of readFileSync(join(root, page), "utf8").matchAll(/\]\(([^)\s#]+)/g)) {
      reach(join(dirname(page), target));
    }
  };

  reach("README.md");

  expect(PAGES.filter((page) => !reached.has(page))).toEqual([]);
});

function leadsSomewhere(page: string, target: string): boolean {
  const [path = "", anchor] = target.split("#");
  const file = path === "" ? join(root, page) : join(root, dirname(page), path);
  if (!existsSync(file)) return false;
  if (anchor === undefined || statSync(file).isDirectory() || !file.endsWith(".md")) return true;
  const text = readFileSync(file, "utf8");
  const named = Array.from(text.matchAll(/<a id="([^"]+)">/g), ([, id = ""]) => id);
  return [...slugsOf(withoutCode(text)), ...named].includes(anchor);
}

function withoutCode(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```$/gm, "");
}

/** Where a page's headings are, as GitHub and npm count them. */
function slugsOf(text: string): readonly string[] {
  const seen = new Map<string, number>();
  return Array.from(text.matchAll(/^#+ (.*)$/gm), ([, title = ""]) => {
    const slug = title
      .toLowerCase()
      .replaceAll(/[^\w -]/g, "")
      .replaceAll(" ", "-");
    const before = seen.get(slug) ?? 0;
    seen.set(slug, before + 1);
    return before === 0 ? slug : `${slug}-${String(before)}`;
  });
}
