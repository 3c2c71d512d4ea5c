import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, test } from "@jest/globals";

const root = join(import.meta.dirname, "..", "..");
const page = readFileSync(join(root, "docs", "threat-model.md"), "utf8");
const sections = page.split(/^(?=## )/m).map((text) => {
  const [, title = "the introduction"] = /^## (.*)/.exec(text) ?? [];
  return [title, text] as const;
});

/** A file of the code, or of the tests, as the page names it. */
const FILE = /`([\w/-]+(?:\.\w+)*\.ts|scripts\/[\w/-]+)`/g;
/** Titles behind a file of tests. */
const TITLES = /`([\w/-]+\.test\.ts)`:? ((?:(?:, )?"(?:[^"\\]|\\.)*")+)/g;

describe.each(sections)("the threat model's section %s", (title, text) => {
  const folders = title === "Single sign-on" ? ["lib/sso", "__tests__/sso"] : ["lib", "__tests__"];

  test("names files that exist", () => {
    const files = Array.from(text.matchAll(FILE), ([, file = ""]) => file);
    expect(files.filter((file) => pathOf(file, folders) === undefined)).toEqual([]);
  });

  test("names tests that exist", () => {
    const missing = Array.from(text.matchAll(TITLES)).flatMap(([, file = "", titles = ""]) => {
      const path = pathOf(file, folders);
      const source = path === undefined ? "" : plain(readFileSync(path, "utf8"));
      return Array.from(titles.matchAll(/"((?:[^"\\]|\\.)*)"/g), ([, name = ""]) => name)
        .filter((name) => !hasTitle(source, oneLine(plain(name))))
        .map((name) => `${file}: ${name}`);
    });
    expect(missing).toEqual([]);
  });
});

function pathOf(file: string, folders: readonly string[]): string | undefined {
  return [...folders, "."].map((folder) => join(root, folder, file)).find((path) => existsSync(path));
}

/** Is there a test, or a group of tests, of this title; as a whole, or as one that a table fills in? */
function hasTitle(source: string, title: string): boolean {
  if (source.includes(title)) return true;
  return Array.from(source.matchAll(/"([^"\n]* %[sj][^"\n]*)"/g), ([, template = ""]) => template).some((template) => {
    const [before = "", after = ""] = template.split(/%[sj]/);
    if (!title.startsWith(before) || !title.endsWith(after)) return false;
    return source.includes(`"${title.slice(before.length, title.length - after.length)}"`);
  });
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ");
}

/** Without what escapes a character in Markdown or in a string. */
function plain(text: string): string {
  return text.replaceAll("\\", "");
}
