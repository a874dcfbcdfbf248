import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { createRealPlatform, until } from "../../base/index.ts";
import { enterNetwork } from "../enter.ts";
import { diffTables, removeTable, replaceTable } from "./diff.ts";
import { Nft } from "./nft.ts";
import { type Chain, comment, concat, emptyTable, type Table } from "./table.ts";

// Real rules in a network namespace of its own: needs root and nftables.
const platform = createRealPlatform();
const directory = mkdtempSync(join(tmpdir(), "nft-"));
const holder = platform.processes.spawn("unshare", ["--net", "sleep", "3600"]);
after(() => {
  holder.kill("SIGKILL");
  rmSync(directory, { recursive: true });
});

const nft = new Nft({ ...platform, directory, enter: enterNetwork(`/proc/${holder.pid}/ns/net`) });
const type = concat("ipv4_addr", "inet_proto", "inet_service");

function services(names: readonly string[], endpoint: string): Table {
  const chains = names.map((name): [string, Chain] => [
    name,
    { rules: [`counter ${endpoint} ${comment(`of "${name}"`)}`] },
  ]);
  const elements = names.map((name, at) => [concat(`10.0.0.${at + 1}`, "tcp", 80), `goto ${name}`] as const);
  return {
    ...emptyTable("ip", "test"),
    comment: "made by a test",
    chains: new Map([
      [
        "output",
        {
          hook: { type: "filter", at: "output", priority: 0 },
          rules: ["ip daddr . meta l4proto . th dport vmap @services"],
        },
      ],
      ...chains,
    ]),
    sets: new Map([
      ["seen", { type: "ipv4_addr", flags: ["dynamic", "timeout"], timeoutSeconds: 60, elements: new Set() }],
    ]),
    maps: new Map([["services", { type, value: "verdict", elements: new Map(elements) }]]),
  };
}

test("a table is written, changed in place, read back and removed", async () => {
  const namespace = (process: number | "self") => platform.disk.readLink(`/proc/${process}/ns/net`);
  const own = await namespace("self");
  await until(platform.clock, "a network of its own", async () => (await namespace(holder.pid)) !== own);
  const first = services(["a", "b", "c"], "accept");
  await nft.apply(replaceTable(first));
  const listed = await nft.read(first);
  assert.deepEqual(
    listed?.chains,
    new Map([
      ["output", 1],
      ["a", 1],
      ["b", 1],
      ["c", 1],
    ]),
  );
  assert.equal(listed?.maps.get("services")?.get("10.0.0.3 . tcp . 80"), "goto c");

  const second = services(["a", "c"], "drop");
  await nft.apply(diffTables(first, second));
  const changed = await nft.read(second);
  assert.deepEqual([...(changed?.chains.keys() ?? [])].sort(), ["a", "c", "output"]);
  assert.deepEqual(changed?.maps.get("services"), second.maps.get("services")?.elements);
  assert.deepEqual(changed?.sets, new Map([["seen", []]]));

  await nft.apply(removeTable(second));
  await nft.apply(removeTable(second));
  assert.equal(await nft.read(second), undefined);
});

test("a batch with a fault changes nothing and says which line", async () => {
  const table = services(["a"], "accept");
  await nft.apply(replaceTable(table));
  await assert.rejects(nft.apply("flush chain ip test a\nadd rule ip test a nonsense\n"), /nonsense/);
  assert.equal((await nft.read(table))?.chains.get("a"), 1);
});
