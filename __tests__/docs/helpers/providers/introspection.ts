import { claimsOf, device, discovery, without, type Case, type Provider } from "../provider.js";

type Answer = Readonly<Record<string, unknown>>;

interface Introspected extends Pick<Provider, "page" | "name" | "answers"> {
  readonly issuer: string;
  readonly endpoint: string;
  /** A good token, and others with the answer that each gets in place of the one that the guide shows. */
  readonly cases: readonly (readonly [what: string, becomes: Case["becomes"], answer: (shown: Answer) => Answer])[];
}

/** A provider that is asked about each token. */
function introspected({ page, name, answers, issuer, endpoint, cases }: Introspected): Provider {
  const shown = claimsOf(page);
  const tokens = cases.map(([what, becomes, answer], i) => ({
    what,
    becomes,
    token: `7Qm1zVt0N9aXk2c4R8sLwB3yHfE6uJpDgTnC5vKqZ${String(i)}`,
    answer: answer(shown),
  }));
  const asked = (form: URLSearchParams) => tokens.find(({ token }) => token === form.get("token"))?.answer;
  return {
    page,
    name,
    answers,
    documents: { ...discovery(issuer, { introspection_endpoint: endpoint }), [endpoint]: asked },
    cases: tokens.map(({ what, becomes, token }) => ({ what, becomes, token })),
  };
}

const asShown = (shown: Answer): Answer => shown;
const INACTIVE = ["token that is not active", "inactive", () => ({ active: false })] as const;
const OTHER_AUDIENCE = [
  "token for something else",
  "audience",
  (shown: Answer) => ({ ...shown, aud: ["billing"] }),
] as const;

const id = "https://id.example.org";
const realm = `${id}/realms/example`;
const openIdConnect = `${realm}/protocol/openid-connect`;
const zitadel = "https://example-a1b2c3.zitadel.cloud";
const ROLES = "urn:zitadel:iam:org:project:231402830936789415:roles";

export const INTROSPECTED: readonly Provider[] = [
  introspected({
    page: "../opaque-tokens",
    name: "opaque",
    answers: device(`${id}/device`, `${id}/token`),
    issuer: id,
    endpoint: `${id}/introspect`,
    cases: [["token", "@alice:example.org", asShown], INACTIVE, OTHER_AUDIENCE],
  }),
  introspected({
    page: "keycloak-introspection",
    name: "keycloakIntrospection",
    answers: device(`${openIdConnect}/auth/device`, `${openIdConnect}/token`),
    issuer: realm,
    endpoint: `${openIdConnect}/token/introspect`,
    cases: [
      ["token", "@alice:example.org", asShown],
      INACTIVE,
      OTHER_AUDIENCE,
      ["refresh token", "token_type", (shown) => ({ ...shown, typ: "Refresh" })],
      ["other client's token", "unauthorized", (shown) => ({ ...shown, client_id: "shop" })],
    ],
  }),
  introspected({
    page: "zitadel-introspection",
    name: "zitadelIntrospection",
    answers: device(`${zitadel}/oauth/v2/device_authorization`, `${zitadel}/oauth/v2/token`),
    issuer: zitadel,
    endpoint: `${zitadel}/oauth/v2/introspect`,
    cases: [
      ["token", "@163840776835432705:example.org", asShown],
      INACTIVE,
      OTHER_AUDIENCE,
      ["service user's token", "unauthorized", (shown) => without(shown, ROLES)],
    ],
  }),
];
