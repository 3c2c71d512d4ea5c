import { expect, test } from "@jest/globals";

import { IntrospectionUnavailableError, KeysUnavailableError } from "../../lib/remote/errors.js";

test.each([IntrospectionUnavailableError, KeysUnavailableError])(
  "%p tells the operator what the client is told, unless there is more to tell",
  (Unavailable) => {
    expect(new Unavailable("later", { retryAfter: 1 }).detail).toBe("later");
    expect(new Unavailable("later", { retryAfter: 1, detail: "from a URL" }).detail).toBe("from a URL");
  },
);
