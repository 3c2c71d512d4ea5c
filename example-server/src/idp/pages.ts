import { developmentUsers, type DevelopmentUser } from "./users.js";

/**
 * What keeps a page to itself.
 *
 * @param client - where a form may lead: browsers hold redirects to the policy as well
 */
export function pageHeaders(client = ""): Readonly<Record<string, string>> {
  const formAction = client === "" ? "'none'" : `'self' ${client}`;
  return {
    "Content-Security-Policy": `default-src 'none'; style-src 'self'; img-src 'self'; form-action ${formAction}; base-uri 'none'; frame-ancestors 'none'`,
    "Referrer-Policy": "no-referrer",
  };
}

/** One button a user. `client` is where the page goes from here. */
export function signInPage(client: string, hint: unknown): string {
  const [first] = developmentUsers;
  const focused = developmentUsers.find(({ localpart }) => localpart === hint) ?? first;
  return page(
    "Development sign-in",
    `<h1>Who are you today?</h1>
      <p>You sign in at the example’s identity provider, for the page at <strong>${escape(client)}</strong>.</p>
      <form method="post">
        <ul class="people">
          ${developmentUsers.map((user) => userButton(user, user === focused)).join("\n          ")}
        </ul>
        <button class="quiet" name="cancel" value="yes">Cancel</button>
      </form>`,
  );
}

export function errorPage(error: string, description = ""): string {
  return page(
    "Sign-in failed",
    `<h1>The sign-in failed</h1>
      <p>${escape(description || error)}</p>
      <p>Go back to the page that you came from, and sign in again.</p>
      <p class="detail"><code>${escape(error)}</code></p>`,
  );
}

const userButton = ({ localpart, name, outcome }: DevelopmentUser, focused: boolean): string =>
  `<li>
            <button name="user" value="${localpart}" aria-describedby="about-${localpart}"${focused ? " autofocus" : ""}>Sign in as ${name}</button>
            <span id="about-${localpart}">${outcome}</span>
          </li>`;

const page = (title: string, main: string): string => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>${title} · development only</title>
    <link rel="icon" href="/icon.svg" />
    <link rel="stylesheet" href="/style.css" />
  </head>
  <body>
    <p class="ribbon"><strong>Development only.</strong> Nobody is asked for a password here.</p>
    <main class="card sign-in">
      ${main}
    </main>
  </body>
</html>
`;

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escape = (text: string): string => text.replace(/[&<>"]/g, (character) => entities[character] ?? character);
