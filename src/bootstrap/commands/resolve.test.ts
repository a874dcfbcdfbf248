import assert from "node:assert/strict";
import { test } from "node:test";
import { createVirtualPlatform } from "../../base/index.ts";
import type { UpOptions } from "./options.ts";
import { resolveCluster } from "./resolve.ts";

const caller = { isRoot: true, home: "/root", dataHome: "/data" };

test("a directory whose path leaves no room for the sockets of nodes is refused at once", async () => {
  const directory = `/${"d".repeat(90)}`;
  const options: UpOptions = {
    name: "lab",
    nodes: 1,
    directory,
    port: undefined,
    datastore: undefined,
    foreground: false,
    apiserverFlags: [],
  };
  const platform = createVirtualPlatform();
  const tooLong = /^Error: \/d+\/nodes\/.* bytes too long: a unix socket's path is limited; take a shorter --data-dir$/;
  await assert.rejects(resolveCluster(platform, caller, options), tooLong);
  const alone = await resolveCluster(platform, caller, { ...options, nodes: 0 });
  assert.equal(alone.directory, directory, "a control plane has none");
});
