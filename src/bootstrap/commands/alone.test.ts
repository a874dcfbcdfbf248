import assert from "node:assert/strict";
import { test } from "node:test";
import { createRealPlatform, createVirtualPlatform } from "../../base/index.ts";
import { writeClusterConfig } from "../cluster/config.ts";
import { ClusterIndex } from "../cluster/index-file.ts";
import { alone } from "./alone.ts";
import type { UpOptions } from "./options.ts";
import { resolveCluster } from "./resolve.ts";

test("work of one name is done one after the other, and a failure lets the next one in", async () => {
  const platform = createRealPlatform();
  const name = `test ${platform.random.uuid()}`;
  const order: string[] = [];
  const work = (which: string) => async () => {
    order.push(`${which} begins`);
    await platform.clock.sleep(20);
    order.push(`${which} ends`);
    if (which === "b") throw new Error(which);
  };
  await Promise.allSettled(["a", "b", "c"].map((which) => alone(platform, name, work(which))));
  assert.deepEqual(
    order.filter((_, at) => at % 2 === 1),
    order.filter((_, at) => at % 2 === 0).map((begins) => begins.replace("begins", "ends")),
  );
  assert.equal(order.length, 6);
});

test("a new cluster takes no port and no range of another one, also while that one is down", async () => {
  const platform = createVirtualPlatform();
  const caller = { isRoot: true, home: "/root", dataHome: "/data" };
  const options: Omit<UpOptions, "name"> = {
    nodes: 1,
    directory: undefined,
    port: undefined,
    datastore: undefined,
    foreground: false,
    apiserverFlags: [],
  };
  const first = await resolveCluster(platform, caller, { ...options, name: "first" });
  await platform.disk.makeDirectory(first.directory);
  await writeClusterConfig(platform.disk, first);
  await new ClusterIndex(platform.disk, caller.dataHome).add("first", first.directory);
  const second = await resolveCluster(platform, caller, { ...options, name: "second" });
  const shown = [first, second].map(({ port, nodes, serviceCidr, clusterCidr }) => [
    port,
    nodes[0]?.kubeletPort,
    serviceCidr,
    clusterCidr,
  ]);
  assert.deepEqual(shown, [
    [6443, 10250, "10.96.0.0/12", "10.244.0.0/16"],
    [6444, 10251, "10.128.0.0/16", "10.191.0.0/16"],
  ]);
});
