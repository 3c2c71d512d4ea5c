import { expect, test } from "@jest/globals";

import { insufficientScope } from "../../lib/access/refusal.js";

test.each([
  [["read", "urn:matrix:client:api:*"], 'Bearer error="insufficient_scope", scope="read urn:matrix:client:api:*"'],
  [["read", 'a"b', "c\\d", "é"], 'Bearer error="insufficient_scope", scope="read"'],
  [['a"b'], 'Bearer error="insufficient_scope"'],
])("the challenge names the scopes %p, if a header can hold them (RFC 6749 section 3.3)", (scopes, challenge) => {
  expect(insufficientScope(scopes)).toBe(challenge);
});
