// What the README's first example takes as given: a host's database, and an identity provider on the network.
import { generateKeyPairSync, sign } from "node:crypto";

const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const network = globalThis.fetch;

globalThis.fetch = async (url, init) => {
  if (url !== "https://idp.example.org/jwks") return network(url, init);
  return globalThis.Response.json({ keys: [publicKey.export({ format: "jwk" })] });
};

globalThis.db = {
  users: { find: async (userId) => ({ id: userId }) },
  sessions: { create: async (user, deviceId) => ({ accessToken: `${user.id} on ${deviceId}` }) },
};

/** Serves the app, and logs in by a token that is good and one that is not. */
globalThis.logInThrough = (app) => {
  const server = app.listen(0, "127.0.0.1", async () => {
    const url = `http://127.0.0.1:${server.address().port}/_matrix/client/v3/login`;
    const logIn = async (token) => {
      const response = await fetch(url, {
        method: "POST",
        body: JSON.stringify({ type: "org.matrix.login.jwt", token, device_id: "PHONE" }),
      });
      const { errcode, access_token: accessToken } = await response.json();
      return errcode ?? accessToken;
    };
    const token = tokenOf({ iss: "https://idp.example.org", aud: "matrix", sub: "alice", exp: Date.now() / 1000 + 60 });
    const answers = [await logIn(token), await logIn(`${token.slice(0, -4)}AAAA`)];
    server.close();
    if (answers.join() !== "@alice:example.org on PHONE,M_FORBIDDEN") throw new Error(`answered ${answers.join()}`);
  });
};

function tokenOf(claims) {
  const encode = (part) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const input = `${encode({ alg: "RS256" })}.${encode(claims)}`;
  return `${input}.${sign("sha256", Buffer.from(input), privateKey).toString("base64url")}`;
}
