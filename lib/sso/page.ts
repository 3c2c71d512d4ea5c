/** A way on from a page: a link, or a form that is sent by POST. */
export type SsoPageAction =
  | {
      /** What the link says. */
      readonly label: string;
      /** Where it leads. */
      readonly href: string;
    }
  | {
      /** What the button says. */
      readonly label: string;
      /** Where the form is sent, by POST. */
      readonly action: string;
      /** Hidden fields of the form, by name. */
      readonly fields: Readonly<Record<string, string>>;
    };

/** What a page of single sign-on shows. Its texts are not escaped yet. */
export interface SsoPage {
  /** `choose` a provider, `confirm` what follows, an `error`, or `done`. */
  readonly kind: "choose" | "confirm" | "error" | "done";
  /** The heading. */
  readonly title: string;
  /** One paragraph a line. */
  readonly text: string;
  /** The ways on, most likely first. */
  readonly actions: readonly SsoPageAction[];
  /** For `nonce` attributes: the page's Content-Security-Policy allows no other styles and scripts. */
  readonly nonce: string;
  /**
   * A script that the page must run, in an element with the nonce.
   *
   * @defaultValue none
   */
  readonly script?: string;
}

/** The page as HTML: no script but the one that it must run, light and dark, from phone to desktop. */
export function pageHtml({ kind, title, text, actions, nonce, script }: SsoPage): string {
  const paragraphs = text.split("\n").map((line) => `<p>${escape(line)}</p>`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${escape(title)}</title>
<style nonce="${escape(nonce)}">${STYLE}</style>
</head>
<body>
<main class="${kind}">
<h1>${escape(title)}</h1>
${paragraphs.join("\n")}
${actions.length === 0 ? "" : actionList(actions)}
</main>
${script === undefined ? "" : `<script nonce="${escape(nonce)}">${script}</script>`}
</body>
</html>
`;
}

function actionList(actions: readonly SsoPageAction[]): string {
  return `<ul>\n${actions.map((action) => `<li>${actionHtml(action)}</li>`).join("\n")}\n</ul>`;
}

function actionHtml(action: SsoPageAction): string {
  const label = escape(action.label);
  if ("href" in action) return `<a href="${escape(action.href)}">${label}</a>`;
  const fields = Object.entries(action.fields).map(
    ([name, value]) => `<input type="hidden" name="${escape(name)}" value="${escape(value)}">`,
  );
  return `<form method="post" action="${escape(action.action)}">${fields.join("")}<button type="submit">${label}</button></form>`;
}

/** Safe as text and as an attribute's value between double quotes. */
function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${String(character.charCodeAt(0))};`);
}

const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f3f4f6; --card: #fff; --text: #17191c; --soft: #4b5158; --line: #d9dce1; --shadow: 0 1px 2px #17191c14, 0 8px 24px #17191c14;
  --button: #0b5cad; --on-button: #fff; --hover: #084a8c; --choice: #f3f4f6;
  --bad: #a4262c; --bad-soft: #fbe9ea; --good: #1b6b3a; --good-soft: #e4f4ea;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f1114; --card: #1a1d21; --text: #eef0f2; --soft: #b3bac2; --line: #343a41; --shadow: none;
    --button: #8fc1f7; --on-button: #0c1a29; --hover: #b5d7fb; --choice: #24292f;
    --bad: #ff9ba0; --bad-soft: #3f2226; --good: #86dba5; --good-soft: #1b3626;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; min-height: 100vh; padding: 1.25rem; display: flex; align-items: center; justify-content: center;
  background: var(--page); color: var(--text); font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
main {
  width: 100%; max-width: 27rem; padding: 2rem; background: var(--card); border: 1px solid var(--line);
  border-radius: .75rem; box-shadow: var(--shadow); overflow-wrap: anywhere;
}
main::before {
  display: grid; place-items: center; width: 2.75rem; height: 2.75rem; margin-bottom: 1rem; border-radius: 50%;
  font-size: 1.375rem; font-weight: 700; line-height: 1;
}
.error::before { content: "!" / ""; background: var(--bad-soft); color: var(--bad); }
.done::before { content: "\\2713" / ""; background: var(--good-soft); color: var(--good); }
h1 { margin: 0 0 1rem; font-size: 1.5rem; line-height: 1.25; text-wrap: balance; }
p { margin: 0 0 .75rem; color: var(--soft); text-wrap: pretty; }
p:first-of-type { color: var(--text); }
p:last-child { margin-bottom: 0; }
ul { list-style: none; margin: 1.5rem 0 0; padding: 0; display: grid; gap: .75rem; }
form { margin: 0; }
a, button {
  display: block; width: 100%; min-height: 3rem; padding: .75rem 1rem; border: 1px solid transparent; border-radius: .5rem;
  background: var(--button); color: var(--on-button); font: inherit; font-weight: 600; line-height: 1.4; text-align: center;
  text-decoration: none; cursor: pointer;
}
a:hover, button:hover { background: var(--hover); }
.choose a {
  display: flex; align-items: center; justify-content: space-between; gap: 1rem; text-align: start;
  background: var(--choice); border-color: var(--line); color: var(--text);
}
.choose a::after { content: "\\203a" / ""; color: var(--soft); font-size: 1.5rem; line-height: 1; }
.choose a:hover { border-color: var(--button); background: var(--card); }
a:focus-visible, button:focus-visible { outline: 3px solid var(--text); outline-offset: 3px; }
@media (max-width: 30rem) {
  body { padding: 0; align-items: stretch; background: var(--card); }
  main { border: 0; border-radius: 0; box-shadow: none; padding: 2rem 1.25rem; }
}
@media (forced-colors: active) { a, button { border: 1px solid; } }
`;
