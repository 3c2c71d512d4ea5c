import type { DevelopmentUser } from "./users.js";

/**
 * What keeps a page to itself.
 *
 * @param forms - where they may lead, `"anywhere"` or `"self"` or a client's origin too: browsers hold redirects to the
 *   policy as well, and only the Matrix server knows where it sends people on to
 */
export function pageHeaders(forms = ""): Readonly<Record<string, string>> {
  const formAction = { "": " form-action 'none';", self: " form-action 'self';", anywhere: "" }[forms];
  return {
    "Content-Security-Policy": `default-src 'none'; style-src 'self'; img-src 'self';${formAction ?? ` form-action 'self' ${forms};`} base-uri 'none'; frame-ancestors 'none'`,
    "Referrer-Policy": "no-referrer",
  };
}

/** One button a user. `client` is where the page goes from here. */
export function signInPage(issuer: string, client: string, users: readonly DevelopmentUser[]): string {
  return page(
    "Development sign-in",
    `<h1>Who are you today?</h1>
      <p>You sign in at the identity provider <strong>${escape(issuer)}</strong>, for the page at <strong>${escape(client)}</strong>.</p>
      <form method="post">
        <ul class="people">
          ${users.map(userButton).join("\n          ")}
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

/** @param form - the provider's own, by the ID that it names */
export function signOutPage(form: string): string {
  return page(
    "Sign out",
    `<h1>Sign out everywhere?</h1>
      <p>Your session at this identity provider ends, and with it the Matrix devices that it began.</p>
      ${form}
      <button class="primary" form="op.logoutForm" name="logout" value="yes" autofocus>Sign out</button>`,
  );
}

export function signedOutPage(): string {
  return page("Signed out", "<h1>You are signed out</h1>\n      <p>You can close this page.</p>");
}

const userButton = ({ subject, name, outcome }: DevelopmentUser, index: number): string =>
  `<li>
            <button name="user" value="${subject}" aria-describedby="about-${subject}"${index === 0 ? " autofocus" : ""}>Sign in as ${name}</button>
            <span id="about-${subject}">${outcome}</span>
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
    <main>
      <p class="ribbon"><strong>Development only.</strong> Nobody is asked for a password here.</p>
      <div class="card sign-in">
      ${main}
      </div>
    </main>
  </body>
</html>
`;

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escape = (text: string): string => text.replace(/[&<>"]/g, (character) => entities[character] ?? character);
