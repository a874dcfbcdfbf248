// The proxy: from a change in the API to rules in the kernel. Needs root and nftables; everything happens in a network
// namespace of its own. `--services=N` (default 5,000).
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createRealPlatform, silentLog } from "../src/base/index.ts";
import { FakeClient, SharedInformerFactory, typed } from "../src/client/index.ts";
import { Proxy as KubeProxy } from "../src/proxy/index.ts";
import { service, slice, testConfig } from "../src/proxy/testing/objects.ts";

const { values } = parseArgs({ options: { services: { type: "string", default: "5000" } } });
const count = Number(values.services);
const platform = { ...createRealPlatform(), log: silentLog };
const { clock, processes, disk } = platform;
const client = new FakeClient();
const services = typed(client).services.namespace("default");
const slices = typed(client).endpointslices.namespace("default");

function print(what: string, figure: string, target = ""): void {
  process.stdout.write(`${what.padEnd(46)} ${figure.padEnd(46)} ${target === "" ? "" : `target ${target}`}\n`);
}

const address = (range: number, index: number): string => `10.${range}.${(index >> 8) & 255}.${index & 255}`;
const endpoints = (index: number, version: number) =>
  slice(`s${index}`, [address(100 + (version % 50), index), address(200, index)]);

async function until(done: () => boolean): Promise<void> {
  while (!done()) await clock.sleep(1);
}

/** Changes one by one with a pause, then many at once. */
async function measure(proxy: KubeProxy): Promise<void> {
  const latencies: number[] = [];
  for (let change = 1; change <= 40; change++) {
    await clock.sleep(300);
    const before = proxy.syncCount;
    const start = performance.now();
    await patch((change * 7919) % count, change);
    await until(() => proxy.syncCount > before);
    latencies.push(performance.now() - start);
  }
  latencies.sort((a, b) => a - b);
  const at = (share: number) => (latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(0);
  print(`one change among ${count} Services`, `p50 ${at(0.5)} ms  p99 ${at(0.99)} ms`, "p99 ≤ 500 ms");

  await clock.sleep(300);
  const before = proxy.syncCount;
  const start = performance.now();
  for (let index = 0; index < 500; index++) await patch(index, 45);
  await until(() => proxy.syncCount > before && !proxy.pending);
  print("500 changes at once", `${(performance.now() - start).toFixed(0)} ms, ${proxy.syncCount - before} batches`);
}

async function patch(index: number, version: number): Promise<void> {
  await slices.patch(`s${index}-1`, { type: "merge", body: { endpoints: endpoints(index, version).endpoints } });
}

async function main(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "proxy-bench-"));
  const holder = processes.spawn("unshare", ["--net", "sleep", "600"]);
  const controller = new AbortController();
  try {
    const own = await disk.readLink("/proc/self/ns/net");
    while ((await disk.readLink(`/proc/${holder.pid}/ns/net`)) === own) await clock.sleep(5);
    for (let index = 0; index < count; index++) {
      const clusterIP = address(96, index);
      await services.create(service(`s${index}`, { clusterIP, clusterIPs: [clusterIP] }));
      await slices.create(endpoints(index, 0));
    }
    const informers = new SharedInformerFactory({ ...platform, client });
    const enter = ["nsenter", `--net=/proc/${holder.pid}/ns/net`, "--"];
    const proxy = new KubeProxy(platform, { config: testConfig, informers, directory, enter });
    const start = performance.now();
    const running = Promise.all([proxy.run(controller.signal), informers.run(controller.signal)]);
    await until(() => proxy.syncCount > 0);
    print(`start with ${count} Services`, `${(performance.now() - start).toFixed(0)} ms to all rules`);
    await clock.sleep(2 * (performance.now() - start));
    await measure(proxy);
    controller.abort();
    await running;
  } finally {
    holder.kill("SIGKILL");
    rmSync(directory, { recursive: true });
  }
}

await main();
