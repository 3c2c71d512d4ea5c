import { describe, expect, test } from "@jest/globals";
import { createJwtLogin, matrixJwtLogin, type MatrixJwtLoginOptions } from "matrix-jwt-login";

import { expectOptionsError } from "../helpers/bad-options.js";
import { recordingLogger, submission } from "../helpers/core.js";
import { SECRET } from "../helpers/keys.js";
import { LOGIN_TYPE, optionsWith, type User } from "../helpers/login.js";

type Values = Readonly<Record<string, unknown>>;
type Row = readonly [what: string, values: Values, path: string, problem: RegExp];

function with_(values: Values): MatrixJwtLoginOptions<User> {
  return { ...optionsWith(), ...values };
}

const circular: Record<string, unknown> = {};
circular["self"] = circular;

const LOGGER = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const A_TYPE = { secret: SECRET };

const WRONG: readonly Row[] = [
  ["no serverName", { serverName: undefined }, "serverName", /is required/],
  ["null", { serverName: null }, "serverName", /must be a string, not null/],
  ["a number", { serverName: 1 }, "serverName", /must be a string, not a number/],
  ["an empty text", { serverName: "" }, "serverName", /must not be empty/],
  ["a URL", { serverName: "https://example.org" }, "serverName", /e\.g\. example\.org .*not a URL/],
  ["a path", { serverName: "example.org/" }, "serverName", /must be a Matrix server name/],
  ["a space", { serverName: "example .org" }, "serverName", /must be a Matrix server name/],
  ["a line break", { serverName: "example.org\n" }, "serverName", /must be a Matrix server name/],
  ["a port that is none", { serverName: "example.org:port" }, "serverName", /must be a Matrix server name/],
  ["a user ID", { serverName: "@a:example.org" }, "serverName", /must be a Matrix server name/],

  ["no loginTypes", { loginTypes: undefined }, "loginTypes", /is required/],
  ["null", { loginTypes: null }, "loginTypes", /must be an object, not null/],
  ["a list", { loginTypes: [A_TYPE] }, "loginTypes", /must be an object, not a list/],
  ["a text", { loginTypes: LOGIN_TYPE }, "loginTypes", /must be an object, not a string/],
  ["none", { loginTypes: {} }, "loginTypes", /must hold at least one login type/],
  ["an empty name", { loginTypes: { "": A_TYPE } }, 'loginTypes[""]', /must have a name/],
  ["no options", { loginTypes: { jwt: undefined } }, "loginTypes.jwt", /must be an object, not undefined/],
  [
    "a list without issuers",
    { loginTypes: { [LOGIN_TYPE]: [A_TYPE] } },
    `loginTypes["${LOGIN_TYPE}"][0].issuer`,
    /is required in a list/,
  ],
  [
    "a second type that is wrong",
    { loginTypes: { jwt: A_TYPE, other: { secret: "" } } },
    "loginTypes.other.secret",
    /must not be empty/,
  ],
  ...["password", "token", "sso", "application_service", "cas"].map((name): Row => [
    `the specification's m.login.${name}`,
    { loginTypes: { [`m.login.${name}`]: A_TYPE } },
    `loginTypes["m.login.${name}"]`,
    /is a login type of the specification.*choose another name/,
  ]),

  ...["findUser", "issueToken"].map((name): Row => ["none", { [name]: undefined }, name, /is required/]),
  ...["findUser", "registerUser", "issueToken", "onLogin", "onReject", "onKeysError"].flatMap((name): Row[] => [
    ["null", { [name]: null }, name, /must be a function, not null/],
    ["a text", { [name]: "find" }, name, /must be a function, not a string/],
    ["false", { [name]: false }, name, /must be a function, not a boolean/],
  ]),

  ["a text", { wellKnown: "https://example.org" }, "wellKnown", /must be an object, not a string/],
  ["null", { wellKnown: null }, "wellKnown", /must be an object, not null/],
  ["a list", { wellKnown: [] }, "wellKnown", /must be an object, not a list/],
  ["a promise", { wellKnown: Promise.resolve({}) }, "wellKnown", /must be an object, not a promise: await it/],
  ["a Map", { wellKnown: new Map([["a", "b"]]) }, "wellKnown", /not a Map/],
  ["a Set", { wellKnown: new Set(["a"]) }, "wellKnown", /not a Set/],
  [
    "single sign-on",
    { loginTypes: { "m.login.sso": A_TYPE } },
    'loginTypes["m.login.sso"]',
    /choose another name, or set the option sso$/,
  ],
  ["a circle", { wellKnown: circular }, "wellKnown", /must be an object that can be written as JSON/],
  ["a bigint in it", { wellKnown: { n: 1n } }, "wellKnown", /must be an object that can be written as JSON/],
  ["what JSON makes a text of", { wellKnown: new Date(0) }, "wellKnown", /must be an object/],
  ["what JSON makes nothing of", { wellKnown: { toJSON: () => undefined } }, "wellKnown", /must be an object/],

  ["true", { logger: true }, "logger", /must be an object, not a boolean/],
  ["null", { logger: null }, "logger", /must be an object, not null/],
  ["a function", { logger: () => undefined }, "logger", /must be an object, not a function/],
  ...(["debug", "info", "warn", "error"] as const).map((level): Row => [
    `no ${level}`,
    { logger: { ...LOGGER, [level]: undefined } },
    `logger.${level}`,
    /must be a function, not undefined/,
  ]),
];

const WRONG_HTTP: readonly Row[] = [
  ["another word", { flows: "add" }, "flows", /must be one of "merge", "replace"/],
  ["true", { flows: true }, "flows", /must be one of "merge", "replace"/],
  ["another word", { unknownLoginType: "pass" }, "unknownLoginType", /must be one of "next", "reject"/],
  ["a function", { unknownLoginType: () => "next" }, "unknownLoginType", /must be one of "next", "reject"/],
  ...[0, -1, 1.5, "64kb", "65536", Number.NaN, Infinity, null].map((bodyLimit): Row => [
    String(bodyLimit),
    { bodyLimit },
    "bodyLimit",
    /must be a whole number of bytes, 1 or more/,
  ]),
  ["a text", { cors: "*" }, "cors", /must be true or false, not a string/],
  ["null", { cors: null }, "cors", /must be true or false, not null/],
  ["an object", { cors: { origin: "*" } }, "cors", /must be true or false, not an? object/],
  ["the name of a header", { clientAddress: "x-real-ip" }, "clientAddress", /must be a function, not a string/],
  [
    "a type's maxTokenLength over the bodyLimit that there is",
    { loginTypes: { [LOGIN_TYPE]: { ...A_TYPE, maxTokenLength: 65_537 } } },
    `loginTypes["${LOGIN_TYPE}"].maxTokenLength`,
    /must not be more than bodyLimit, 65536; raise that too/,
  ],
  [
    "a type's maxTokenLength over the bodyLimit that is set",
    { loginTypes: { jwt: { ...A_TYPE, maxTokenLength: 1_001 } }, bodyLimit: 1_000 },
    "loginTypes.jwt.maxTokenLength",
    /must not be more than bodyLimit, 1000/,
  ],
  [
    "the maxTokenLength that there is over the bodyLimit that is set",
    { bodyLimit: 8_191 },
    `loginTypes["${LOGIN_TYPE}"].maxTokenLength`,
    /is 8192 unless set, and must not be more than bodyLimit, 8191; set it too/,
  ],
];

const NO_OPTIONS: readonly (readonly [unknown, string])[] = [
  [undefined, "undefined"],
  [null, "null"],
  [[], "a list"],
  ["example.org", "a string"],
];

describe.each<[string, (options: MatrixJwtLoginOptions<User>) => unknown, readonly string[]]>([
  ["matrixJwtLogin", matrixJwtLogin, ["flows", "unknownLoginType", "bodyLimit", "cors", "clientAddress"]],
  ["createJwtLogin", createJwtLogin, []],
])("%s", (_, make, httpNames) => {
  test.each(WRONG)("refuses %s: %j", (_, values, path, problem) => {
    expectOptionsError(() => make(with_(values)), path, problem);
  });

  test.each(NO_OPTIONS)("refuses %j for options", (options, kind) => {
    expectOptionsError(
      () => make(options as MatrixJwtLoginOptions<User>),
      "",
      new RegExp(`must be an object, not ${kind}`),
    );
  });

  test.each(["loginType", "servername", "discover", "singleUse", "constructor", "__proto__"])(
    "refuses the unknown option %s, and says which there are",
    (name) => {
      const values = Object.fromEntries([[name, {}]]);
      const options = Object.assign(Object.create(null) as object, with_({}));
      Object.defineProperty(options, name, { value: values[name], enumerable: true });
      expectOptionsError(
        () => make(options),
        name,
        /is not an option of this version; the options here are serverName, loginTypes, findUser, registerUser, issueToken/,
      );
    },
  );

  test.each([
    ["servername", "serverName"],
    ["findUsers", "findUser"],
    ["findUse", "findUser"],
    ["finbUser", "findUser"],
    ["serverNmae", "serverName"],
    ["findXUser", "findUser"],
    ["serveName", "serverName"],
    ["fnidUser", "findUser"],
    ["login_types", "loginTypes"],
    ["rate-limit", "rateLimits"],
    ["limits", "rateLimits"],
    ["types", "loginTypes"],
    ["regUser", "registerUser"],
  ])("asks of %s whether %s is meant", (written, name) => {
    expect(() => make(with_({ [written]: 1 }))).toThrow(new RegExp(`do you mean ${name}\\?$`));
  });

  test.each([
    ["users"],
    ["find"],
    ["x"],
    ["er"],
    ["userFind"],
    ["x".repeat(65)],
    ["findresU"],
    ["serverNmea"],
    ["findUsersX"],
    ["fiUser"],
    ["fooUser"],
  ])("asks nothing of %s", (written) => {
    expect(() => make(with_({ [written]: 1 }))).toThrow(/^(?!.*do you mean)/s);
  });

  test.each([["secret"], ["jwksUri"], ["audience"], ["allowRegistration"]])(
    "says of %s where it belongs",
    (written) => {
      expect(() => make(with_({ [written]: 1 }))).toThrow(/; it belongs in loginTypes\["org\.matrix\.login\.jwt"\]$/);
    },
  );

  test.each([["publicBaseUrl"], ["identityProviders"], ["trustedClients"]])(
    "says of %s that it belongs in sso",
    (written) => {
      expect(() => make(with_({ [written]: 1 }))).toThrow(/; it belongs in sso$/);
    },
  );

  test("says of an option that stands for a login type where it belongs", () => {
    const loginTypes = { secret: SECRET };
    expectOptionsError(() => make(with_({ loginTypes })), "loginTypes.secret", /it belongs in loginTypes\["org/);
    expect(() => make(with_({ loginTypes: { secret: { secret: SECRET } } }))).not.toThrow();
  });

  test.each([["secret"], ["audience"], ["issuer"]])("tells an unset variable in the list %s", (name) => {
    const loginTypes = { "a.b": { secret: SECRET, [name]: [undefined, SECRET] } };
    expectOptionsError(
      () => make(with_({ loginTypes })),
      `loginTypes["a.b"].${name}[0]`,
      /is undefined; set the environment/,
    );
  });

  test("names an unknown option that is no identifier as JavaScript would", () => {
    expectOptionsError(() => make(with_({ "body-limit": 1 })), '["body-limit"]', /is not an option of this version/);
  });

  test.each<[string, Values]>([
    ["a server name with a port", { serverName: "example.org:8448" }],
    ["an IPv4 address", { serverName: "192.0.2.1" }],
    ["an IPv6 address", { serverName: "[2001:db8::1]:8448" }],
    ["a host name in capitals", { serverName: "Example.ORG" }],
    ["login types of any other name", { loginTypes: { jwt: A_TYPE, "m.login.jwt": A_TYPE, "__proto__.x": A_TYPE } }],
    ["async callbacks", { findUser: () => Promise.resolve(null), issueToken: () => Promise.resolve({}) }],
    [
      "undefined for all that is optional",
      {
        registerUser: undefined,
        wellKnown: undefined,
        logger: undefined,
        onLogin: undefined,
        onReject: undefined,
        onKeysError: undefined,
      },
    ],
    ["an empty wellKnown", { wellKnown: {} }],
    ["console for a logger", { logger: console }],
    ["a logger with more methods", { logger: { ...LOGGER, trace: () => undefined } }],
    ["a logger of a class", { logger: recordingLogger() }],
    ["no logger", { logger: false }],
  ])("takes %s", (_, values) => {
    expect(() => make(with_(values))).not.toThrow();
  });

  test.each([
    ["flows", "merge"],
    ["flows", "replace"],
    ["unknownLoginType", "next"],
    ["unknownLoginType", "reject"],
    ["bodyLimit", 8_192],
    ["bodyLimit", 1_000_000],
    ["cors", true],
    ["cors", false],
    ["clientAddress", () => undefined],
  ])(`${httpNames.length > 0 ? "takes" : "does not know"} the HTTP option %s (%s)`, (name, value) => {
    const values = with_({ [name]: value });
    if (httpNames.includes(name)) expect(() => make(values)).not.toThrow();
    else expectOptionsError(() => make(values), name, /is not an option of this version/);
  });
});

describe("matrixJwtLogin's HTTP options", () => {
  test.each(WRONG_HTTP)("refuse %s: %j", (_, values, path, problem) => {
    expectOptionsError(() => matrixJwtLogin(with_(values)), path, problem);
  });

  test("let a token be as long as a body", () => {
    const loginTypes = { [LOGIN_TYPE]: { ...A_TYPE, maxTokenLength: 1_000 } };
    expect(() => matrixJwtLogin(with_({ loginTypes, bodyLimit: 1_000 }))).not.toThrow();
  });

  test("let the tokens of a list of issuers be as long as a body, and no longer", () => {
    const check = (...lengths: readonly (number | undefined)[]): void => {
      const entries = lengths.map((length, index) => ({
        ...{ secret: SECRET, audience: null, issuer: `https://${String(index)}.example.org` },
        ...(length !== undefined && { maxTokenLength: length }),
      }));
      const loginTypes = { [LOGIN_TYPE]: entries };
      matrixJwtLogin({ ...optionsWith(), loginTypes, externalIds: false, bodyLimit: 1_000 });
    };
    expect(() => {
      check(1_000, 1);
    }).not.toThrow();
    for (const [lengths, at] of [
      [[1_000, 1_001], 1],
      [[undefined, 1_000], 0],
    ] as const) {
      expectOptionsError(
        () => {
          check(...lengths);
        },
        `loginTypes["${LOGIN_TYPE}"][${String(at)}].maxTokenLength`,
        /1000/,
      );
    }
  });
});

describe("the options", () => {
  test("are read once: what is changed later changes nothing", async () => {
    const wellKnown = { "m.homeserver": { base_url: "https://matrix.example.org" } };
    const loginTypes: Record<string, { secret: string }> = { [LOGIN_TYPE]: { secret: SECRET } };
    const options = { ...optionsWith({}, { loginTypes, wellKnown }) };
    const login = createJwtLogin(options);

    wellKnown["m.homeserver"].base_url = "https://eve.example";
    loginTypes[LOGIN_TYPE] = { secret: "another secret that is long enough for every one of the algorithms" };
    options.serverName = "eve.example";
    options.findUser = () => null;

    await expect(login.login(submission())).resolves.toMatchObject({
      user_id: "@alice:example.org",
      well_known: { "m.homeserver": { base_url: "https://matrix.example.org" } },
    });
  });
});
