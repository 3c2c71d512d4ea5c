import { serve } from "./hosts.js";
import { text, type JwksAnswer } from "./jwks-server.js";

export interface IdentityProvider {
  /** Its origin. */
  readonly url: string;
  readonly issuer: string;
  /** The paths that were asked for, in turn. */
  readonly requests: readonly string[];
  /** From now on this path answers so. */
  readonly answer: (path: string, answer: JwksAnswer) => void;
  /** From now on the discovery document is answered so. */
  readonly discovery: (answer: JwksAnswer) => void;
  /** How often the discovery document was asked for. */
  readonly discoveries: () => number;
  /** A good discovery document, but for these members. */
  readonly document: (members?: Readonly<Record<string, unknown>>) => string;
  readonly close: () => Promise<void>;
}

/** A real identity provider on loopback, whose keys are at `/jwks` unless its discovery document says otherwise. */
export async function serveIdentityProvider(issuerPath = "", port = 0): Promise<IdentityProvider> {
  const answers = new Map<string | undefined, JwksAnswer>();
  const requests: string[] = [];
  const { url, close } = await serve((req, res) => {
    requests.push(req.url ?? "");
    const answer = answers.get(req.url) ?? text("{}", 404);
    answer(req, res);
  }, port);
  const issuer = url + issuerPath;
  const discoveryPath = `${issuerPath.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const document: IdentityProvider["document"] = (members) =>
    JSON.stringify({ issuer, jwks_uri: `${url}/jwks`, authorization_endpoint: `${url}/authorize`, ...members });
  answers.set(discoveryPath, text(document()));
  return {
    url,
    issuer,
    requests,
    answer: (path, answer) => {
      answers.set(path, answer);
    },
    discovery: (answer) => {
      answers.set(discoveryPath, answer);
    },
    discoveries: () => requests.filter((path) => path === discoveryPath).length,
    document,
    close,
  };
}
