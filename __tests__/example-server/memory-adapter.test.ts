import { expect, test } from "@jest/globals";

import { memoryAdapters } from "../../example-server/src/idp/memory-adapter.js";

test("the development provider keeps 2,000 entries of all kinds together, and forgets the oldest", async () => {
  const adapters = memoryAdapters();
  const [sessions, grants] = [adapters("Session"), adapters("Grant")];
  await sessions.upsert("first", { uid: "first" }, 60);
  await grants.upsert("second", {}, 60);
  for (let i = 0; i < 1_998; i += 1) await sessions.upsert(String(i), {}, 60);
  expect(await sessions.find("first")).toEqual({ uid: "first" });

  // Whatever is written again is the newest.
  await sessions.upsert("first", { uid: "again" }, 60);
  await sessions.upsert("one more", {}, 60);
  expect([await sessions.find("first"), await grants.find("second")]).toEqual([{ uid: "again" }, undefined]);
});
