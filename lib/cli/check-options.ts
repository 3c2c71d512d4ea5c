import type { Offer } from "./check-provider.js";
import { printableJson } from "./show.js";

/** Options in TypeScript, by what they are for. */
export function pasteable(offer: Offer): Readonly<Record<string, string>> {
  const { issuer, jwksUri, allowHttp, algorithms, signsIn } = offer;
  const http = allowHttp ? ["jwksOptions: { allowHttp: true },"] : [];
  const source = [
    jwksUri === undefined ? "discover: true," : `jwksUri: ${printableJson(jwksUri)},`,
    `issuer: ${printableJson(issuer ?? "THE ISS OF ITS TOKENS")},`,
    ...http,
  ];
  const rules = [
    ...source,
    `algorithms: [${algorithms.map(printableJson).join(", ")}],`,
    'audience: "matrix", // what the aud of your tokens is',
  ];
  return {
    login: block('"org.matrix.login.jwt": {', rules),
    ...(issuer !== undefined &&
      signsIn && {
        sso: block("example: {", [
          'name: "Example",',
          `issuer: ${printableJson(issuer)},`,
          ...http,
          'clientId: "matrix-sign-in", // a client for sign-in alone: no audience of yours',
          'clientSecret: process.env.CLIENT_SECRET ?? "",',
        ]),
      }),
    bearer: block("tokens: {", [
      ...rules,
      'tokenType: "at+jwt", // of RFC 9068; `decode` shows the typ of your tokens',
    ]),
  };
}

function block(head: string, lines: readonly string[]): string {
  return [`  ${head}`, ...lines.map((line) => `    ${line}`), "  },"].join("\n");
}
