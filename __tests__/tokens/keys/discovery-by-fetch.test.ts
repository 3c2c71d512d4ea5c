import { describe, expect, jest, test } from "@jest/globals";
import { createJwtLogin, type KeysErrorEvent } from "matrix-jwt-login";

import { recordingLogger, rejection, submission } from "../../helpers/core.js";
import { jwk, RSA } from "../../helpers/keys.js";
import { optionsWith } from "../../helpers/login.js";
import { token } from "../../helpers/tokens.js";

/** By a `fetch` of the host's: what real servers do on the way is discovery.test.ts's. */

const ISSUER = "https://idp.example.org";
const METADATA = `${ISSUER}/.well-known/openid-configuration`;
const KEYS = { keys: [jwk(RSA, { kid: "rsa" })] };
const naming = (path: string) => ({ issuer: ISSUER, jwks_uri: ISSUER + path });

/** A provider that answers these URLs, and 500 to all others. */
function provider(answers: Record<string, unknown>) {
  const asked: string[] = [];
  const fetch = (url: string) => {
    asked.push(url);
    return Promise.resolve(url in answers ? Response.json(answers[url]) : new Response("down", { status: 500 }));
  };
  const onKeysError = jest.fn<(event: KeysErrorEvent) => void>();
  const logger = recordingLogger();
  const options = { secret: undefined, discover: true, issuer: ISSUER, jwksOptions: { fetch, cooldown: 0 } };
  return { answers, asked, onKeysError, logger, options };
}

const loginOf = ({ options, onKeysError, logger }: ReturnType<typeof provider>) =>
  createJwtLogin(optionsWith(options, { onKeysError, logger }));
const honest = (kid = "rsa") =>
  submission({}, { token: token({ iss: ISSUER }, { algorithm: "RS256", header: { kid } }) });

describe("an issuer's keys", () => {
  test("are found by its metadata, and both are asked for once", async () => {
    const idp = provider({ [METADATA]: naming("/keys"), [`${ISSUER}/keys`]: KEYS });
    const login = loginOf(idp);
    await Promise.all([login.login(honest()), login.login(honest())]);
    await login.login(honest());
    expect(idp.asked).toEqual([METADATA, `${ISSUER}/keys`]);
  });

  test("are followed to where they have moved", async () => {
    const idp = provider({ [METADATA]: naming("/keys"), [`${ISSUER}/keys`]: KEYS });
    const login = loginOf(idp);
    await login.ready();
    Reflect.deleteProperty(idp.answers, `${ISSUER}/keys`);
    idp.answers[METADATA] = naming("/moved");
    idp.answers[`${ISSUER}/moved`] = { keys: [jwk(RSA, { kid: "newer" })] };
    await login.login(honest("newer"));
    expect(idp.onKeysError).not.toHaveBeenCalled();
  });

  test("stay in use if neither they nor the metadata are available again", async () => {
    const idp = provider({ [METADATA]: naming("/keys"), [`${ISSUER}/keys`]: KEYS });
    const login = loginOf(idp);
    await login.ready();
    for (const url of Object.keys(idp.answers)) Reflect.deleteProperty(idp.answers, url);
    expect(await rejection(login.login(honest("newer")))).toMatchObject({ statusCode: 503 });
    await login.login(honest());
  });

  test.each<[string, Record<string, unknown>]>([
    ["metadata", { [`${ISSUER}/keys`]: KEYS }],
    ["keys", { [METADATA]: naming("/keys") }],
  ])("without %s are an outage, told once for both, and its end once", async (_, answers) => {
    const idp = provider({ ...answers });
    const login = loginOf(idp);
    expect(await rejection(login.login(honest()))).toMatchObject({ statusCode: 503 });
    expect(idp.onKeysError).toHaveBeenCalledTimes(1);
    Object.assign(idp.answers, { [METADATA]: naming("/keys"), [`${ISSUER}/keys`]: KEYS });
    await login.login(honest());
    expect(idp.logger.lines.map(({ level }) => level)).toEqual(["warn", "info"]);
  });

  test("are shared by login types of equal settings", async () => {
    const idp = provider({ [METADATA]: naming("/keys"), [`${ISSUER}/keys`]: KEYS });
    const { jwksOptions } = idp.options;
    const discover = { discover: true, issuer: ISSUER } as const;
    const login = createJwtLogin({
      ...optionsWith({}),
      loginTypes: {
        one: { ...discover, jwksOptions },
        other: { ...discover, jwksOptions: { ...jwksOptions } },
        another: { ...discover, jwksOptions: { ...jwksOptions, timeout: 4 } },
      },
    });
    await login.ready();
    expect(idp.asked.toSorted()).toEqual([METADATA, METADATA, `${ISSUER}/keys`, `${ISSUER}/keys`].toSorted());
  });
});
