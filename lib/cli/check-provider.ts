import { endpointUrl } from "../remote/metadata.js";
import { parseJson, type RemoteAnswer, request, within } from "../remote/request.js";
import { type Algorithm, PUBLIC_KEY_ALGORITHMS } from "../tokens/algorithms.js";
import { JwkSet } from "../tokens/keys/jwk-set.js";
import { UsageError } from "./command.js";
import { unquoted } from "./pasted-token.js";
import { reasons, show } from "./show.js";

/** One thing that was looked at. */
export interface Finding {
  readonly name: string;
  readonly result: "pass" | "note" | "fail";
  readonly text: string;
  readonly advice?: string;
}

export interface Question {
  /** Undefined: not known. */
  readonly issuer: string | undefined;
  /** Undefined: the discovery document names it. */
  readonly jwksUri: string | undefined;
  readonly allowHttp: boolean;
}

/** What the options to paste are made of. */
export interface Offer extends Question {
  readonly algorithms: readonly Algorithm[];
  readonly signsIn: boolean;
}

export interface Examination {
  readonly usable: boolean;
  readonly issuer: string | undefined;
  readonly findings: readonly Finding[];
  /** Undefined: not usable. */
  readonly offer: Offer | undefined;
}

const ADVICE = { http: ", or with --allow-http", credentials: "" };
const TIMEOUT = 5;
const LIMITS = { fetch: globalThis.fetch, maxResponseSize: 1_048_576 };
/** Seconds that clocks may differ without a word, and without harm under the default `clockTolerance`. */
const CLOCK_NOTE = 5;
const CLOCK_FAIL = 60;
/** Keys that are listed. */
const MOST_KEYS = 20;
/** Behind the issuer's path (OpenID Connect Discovery 1.0 section 4), or before it (RFC 8414 section 3). */
const WELL_KNOWN = /\/\.well-known\/(?:openid-configuration|oauth-authorization-server)(?=[/?#]|$)/;

/** Asks a provider, and notes what it finds. */
export async function examineProvider(question: Question): Promise<Examination> {
  const findings: Finding[] = [];
  const { issuer, jwksUri } = question;
  if (jwksUri !== undefined) {
    const algorithms = await keysAt(checkedUrl(jwksUri, "--jwks-uri", question), findings);
    // Nothing is fetched by it, so that it may be any text.
    return examined(findings, { ...question, issuer: issuer && unquoted(issuer.trim()), algorithms, signsIn: false });
  }
  const metadata = await discovered(String(issuer), question, findings);
  if (metadata === undefined) return { usable: false, issuer: undefined, findings, offer: undefined };
  const algorithms = await keysOf(metadata, question, findings);
  const signsIn = supports(metadata, question, findings);
  return examined(findings, { ...question, issuer: String(metadata["issuer"]), algorithms, signsIn });
}

function examined(findings: Finding[], offer: Offer): Examination {
  const isAnswered = findings.some(({ name, result }) => name === "keys" && result === "pass");
  if (isAnswered && !findings.some(({ name }) => name === "clock")) {
    findings.push({ name: "clock", result: "note", text: "not compared: no answer had a Date" });
  }
  const usable = findings.every(({ result }) => result !== "fail");
  return { usable, issuer: offer.issuer, findings, offer: usable ? offer : undefined };
}

type Metadata = Readonly<Record<string, unknown>>;

/** The discovery document, if it is of the issuer, or of one that differs by a slash. */
async function discovered(given: string, question: Question, findings: Finding[]): Promise<Metadata | undefined> {
  const issuer = issuerIn(given, findings);
  if (/[?#\s]/.test(issuer)) {
    const problem = `${show(issuer)} has a query, a fragment or white space, and no document is found by that`;
    findings.push(failed("issuer", problem, "Give the issuer alone, or --jwks-uri if that is how it is."));
    return undefined;
  }
  const url = checkedUrl(issuer, "the issuer", question).replace(/\/$/, "") + "/.well-known/openid-configuration";
  const document = await ask(
    "discovery",
    url,
    findings,
    "Compare the issuer with the provider's documentation, or give --jwks-uri. If it is right: can this machine reach it?",
  );
  if (document === undefined) return undefined;
  const { issuer: named } = document;
  if (named === issuer) {
    findings.push({ name: "issuer", result: "pass", text: show(named) });
    return document;
  }
  if (typeof named === "string" && withoutSlash(named) === withoutSlash(issuer)) {
    const text = `the discovery document names ${show(named)}: a slash at the end makes another issuer`;
    findings.push({
      name: "issuer",
      result: "note",
      text,
      advice: `Set issuer to ${show(named)}, exactly as tokens have it.`,
    });
    return document;
  }
  const advice =
    typeof named === "string" && named.includes("{")
      ? "It stands for all tenants: use the issuer of your own tenant."
      : "Use the issuer that the document names, if it is your provider's.";
  findings.push(failed("issuer", `the discovery document of ${show(issuer)} names ${show(named)}`, advice));
  return undefined;
}

/** The issuer that is meant: people give its discovery document's URL too, or leave out the scheme. */
function issuerIn(given: string, findings: Finding[]): string {
  const text = unquoted(given.trim());
  const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
  const complete = hasScheme ? text : `https://${text}`;
  if (!hasScheme) {
    findings.push({ name: "address", result: "note", text: `without a scheme, ${show(complete)} is meant` });
  }
  const issuer = WELL_KNOWN.test(complete) ? complete.replace(WELL_KNOWN, "").replace(/[?#].*/s, "") : complete;
  if (issuer !== complete) {
    findings.push({
      name: "address",
      result: "note",
      text: `that is the discovery document's URL; the issuer is ${show(issuer)}`,
    });
  }
  return issuer;
}

/** It may hold a key of the operator's. */
function withoutQuery(url: string): string {
  return url.replace(/[?#].*/s, "");
}

function withoutSlash(url: string): string {
  return url.endsWith("/") ? url.slice(0, -1) : url;
}

function checkedUrl(url: unknown, what: string, { allowHttp }: Question): string {
  try {
    return endpointUrl(url, what, allowHttp, ADVICE);
  } catch (error) {
    throw new UsageError(reasons(error));
  }
}

/** One JSON object of the provider, and what its clock says. */
async function ask(name: string, url: string, findings: Finding[], advice: string): Promise<Metadata | undefined> {
  try {
    const answer = await within(TIMEOUT, (signal) =>
      request(url, { headers: { accept: "application/json" } }, LIMITS, signal),
    );
    if (answer.status !== 200) throw new Error(`answered with status ${String(answer.status)}`);
    const document = parseJson(Buffer.from(answer.text));
    if (typeof document !== "object" || document === null) throw new Error("answered with no JSON object");
    findings.push({ name, result: "pass", text: show(withoutQuery(url)) });
    checkClock(answer, findings);
    return document as Metadata;
  } catch (error) {
    const why = reasons(error).replace(/^answered/, "it answered");
    // As OpenSSL calls an answer that is not TLS.
    const isHttp = /wrong version number|packet length too long/.test(why);
    const text = `${show(withoutQuery(url))}: ${isHttp ? "that port does not speak https" : why}`;
    const withHttp = `Is ${show(withoutQuery(url).replace(/^https/i, "http"))} meant? Give the address with http:, and --allow-http unless it is on this machine.`;
    findings.push(failed(name, text, isHttp ? withHttp : (adviceOn(why, name) ?? advice)));
    return undefined;
  }
}

/** Undefined: nobody answered. */
function adviceOn(why: string, name: string): string | undefined {
  if (!why.startsWith("it answered") && !why.endsWith("redirect")) return undefined;
  if (/ 5\d\d$/.test(why)) return "The address is reached, and the provider, or a proxy before it, is not working now.";
  if (name !== "keys" && why.endsWith(" 404"))
    return "The address is reached, and has no such document: compare the issuer, each part of its path, with the provider's documentation, or give --jwks-uri.";
  if (name !== "keys" && !/ \d\d\d$|redirect$/.test(why))
    return "Something else than a discovery document is there: compare the issuer with the provider's documentation, or give --jwks-uri.";
  return "The address is reached: see why it answers so.";
}

/** RFC 9110 section 6.6.1: in whole seconds. */
function checkClock(answer: RemoteAnswer, findings: Finding[]): void {
  const theirs = Date.parse(answer.header("date") ?? "");
  if (Number.isNaN(theirs) || findings.some(({ name }) => name === "clock")) return;
  const difference = Math.round((theirs - Date.now()) / 1_000);
  const size = Math.abs(difference);
  const text = size <= 1 ? "as here" : `${String(size)} s ${difference > 0 ? "ahead of" : "behind"} this machine's`;
  if (size <= CLOCK_NOTE) findings.push({ name: "clock", result: "pass", text });
  else if (size <= CLOCK_FAIL) findings.push({ name: "clock", result: "note", text, advice: "Run NTP on both sides." });
  else
    findings.push(failed("clock", text, "Run NTP on both sides: tokens will look expired, or issued in the future."));
}

async function keysOf({ jwks_uri: uri }: Metadata, { allowHttp }: Question, findings: Finding[]) {
  try {
    return await keysAt(endpointUrl(uri, "jwks_uri", allowHttp, ADVICE), findings);
  } catch (error) {
    const text = uri === undefined ? "the discovery document names no jwks_uri" : reasons(error);
    findings.push(failed("keys", text, "The provider must publish its keys over https; --jwks-uri gives another URL."));
    return [];
  }
}

/** The algorithms that its keys fit. */
async function keysAt(url: string, findings: Finding[]): Promise<readonly Algorithm[]> {
  const document = await ask("keys", url, findings, "See whether this machine can reach it: a proxy, a firewall?");
  if (document === undefined) return [];
  const { keys } = document;
  if (!Array.isArray(keys)) {
    findings.push(
      failed("keys", "that is no JWK Set: it has no list `keys`", "Give the URL of the JWK Set (RFC 7517 section 5)."),
    );
    return [];
  }
  const usable = new Set<Algorithm>();
  for (const [index, jwk] of (keys as unknown[]).entries()) {
    const set = JwkSet.of([jwk]);
    const algorithms = [...set.algorithms()];
    for (const algorithm of algorithms) usable.add(algorithm);
    if (index >= MOST_KEYS) continue;
    findings.push({
      name: "key",
      result: algorithms.length > 0 ? "pass" : "note",
      text: set.describe().replace("its keys are ", ""),
    });
  }
  if (keys.length > MOST_KEYS) {
    findings.push({
      name: "key",
      result: "note",
      text: `${String(keys.length - MOST_KEYS)} more, which are not listed`,
    });
  }
  if (usable.size === 0)
    findings.push(
      keys.length === 0
        ? failed("keys", "the JWK Set has no keys", "The provider has to publish its public keys there.")
        : failed("keys", "no key can verify a signature", "See what is said of each key."),
    );
  return [...usable];
}

/** @returns whether people can sign in through it with a browser */
function supports(metadata: Metadata, { allowHttp }: Question, findings: Finding[]): boolean {
  const list = (name: string): readonly unknown[] =>
    Array.isArray(metadata[name]) ? (metadata[name] as unknown[]) : [];
  const signing = list("id_token_signing_alg_values_supported");
  const fits = signing.length === 0 || signing.some((name) => PUBLIC_KEY_ALGORITHMS.has(name as Algorithm));
  findings.push({
    name: "algorithms",
    result: fits ? "pass" : "note",
    text: signing.length === 0 ? "not said" : show(signing),
    ...(!fits && { advice: "None of these is verified with a public key: no single sign-on." }),
  });
  const say = (name: string, isThere: boolean, without: string): boolean => {
    findings.push({ name, result: isThere ? "pass" : "note", text: isThere ? "supported" : without });
    return isThere;
  };
  const isTrue = (name: string) => metadata[name] === true;
  /** Of an endpoint that is named: why a login could not use it. */
  const flawOf = (name: string): string | undefined => {
    try {
      if (metadata[name] !== undefined) endpointUrl(metadata[name], name, allowHttp, ADVICE);
      return undefined;
    } catch (error) {
      return reasons(error);
    }
  };
  const introspection =
    metadata["introspection_endpoint"] === undefined ? "not offered" : flawOf("introspection_endpoint");
  say("introspection", introspection === undefined, `${String(introspection)}: opaque tokens can't be used`);
  const codeFlow = list("response_types_supported").includes("code")
    ? (flawOf("authorization_endpoint") ?? flawOf("token_endpoint"))
    : "not listed";
  const code = say("code flow", codeFlow === undefined, `${String(codeFlow)}: no single sign-on`);
  const pkce = list("code_challenge_methods_supported").includes("S256");
  say("PKCE", pkce, "S256 is not listed; most providers take it all the same");
  say(
    "RFC 9207",
    isTrue("authorization_response_iss_parameter_supported"),
    "no `iss` in its answers: give each provider a redirect URI of its own, as `sso` does",
  );
  const logout = isTrue("backchannel_logout_supported");
  say("logout", logout, "no back-channel logout: its sessions end here when their devices log out");
  const sid = isTrue("backchannel_logout_session_supported");
  if (logout || sid) say("sid", sid, "logout tokens name the user, not the session");
  return code && fits;
}

function failed(name: string, text: string, advice: string): Finding {
  return { name, result: "fail", text, advice };
}
