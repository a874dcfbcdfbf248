// The stores: durable writes, reads, watches, size after churn, start, memory. `--churn=N` updates (default 200,000),
// `--crash=N` rounds of killing a writing process (default 20), `--parts=idle,sqlite,churn,start,memory,etcd,crash`.
import { parseArgs } from "node:util";
import { RealClock, RealProcesses, SeededRandom } from "../src/base/index.ts";
import { connectEtcdStore, createMemoryStore, openSqliteStore, type Store } from "../src/storage/index.ts";
import { runCrashRounds } from "../src/storage/sqlite/crash/rounds.ts";
import { temporaryDirectory, type TemporaryDirectory } from "../src/storage/sqlite/test-directory.ts";
import { skipEtcd, startEtcd } from "../src/testing/index.ts";

const clock = new RealClock();
/** Kinds of the API server's watch cache: each of them watches. */
const OTHER_WATCHES = 80;
const VALUE = Buffer.alloc(1200, "v");

function print(what: string, figure: string, target = ""): void {
  process.stdout.write(`${what.padEnd(46)} ${figure.padEnd(46)} ${target === "" ? "" : `target ${target}`}\n`);
}

function key(index: number): string {
  return `/registry/pods/namespace-${index % 20}/deployment-${((index * 2654435761) >>> 0).toString(36)}`;
}

async function put(store: Store, name: string): Promise<void> {
  await store.transact([{ key: name, modRevision: 0 }], [{ type: "put", key: name, value: VALUE }]);
}

/** Runs `count` writes, so many in flight at any time. */
async function concurrently(
  count: number,
  inFlight: number,
  write: (index: number) => Promise<void>,
): Promise<number[]> {
  const latencies: number[] = [];
  let next = 0;
  const lane = async () => {
    while (next < count) {
      const start = performance.now();
      await write(next++);
      latencies.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return latencies.sort((left, right) => left - right);
}

async function measureWrites(name: string, store: Store, offset: number, count: number, inFlight: number, target = "") {
  const cpu = process.threadCpuUsage();
  const start = performance.now();
  const latencies = await concurrently(count, inFlight, (index) => put(store, key(offset + index)));
  const seconds = (performance.now() - start) / 1000;
  const used = process.threadCpuUsage(cpu);
  const us = (used.user + used.system) / count;
  const at = (share: number) => (latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(1);
  const rate = Math.round(count / seconds);
  print(
    `${name}: creates, ${inFlight} in flight`,
    `${rate}/s  p50 ${at(0.5)} p99 ${at(0.99)} ms  ${us.toFixed(0)} µs main thread`,
    target,
  );
}

async function measureAllWrites(name: string, store: Store, targets: readonly string[]): Promise<void> {
  const watches = Array.from({ length: OTHER_WATCHES }, (_, index) => store.watch(`/registry/kind-${index}/`, 1));
  for (const watch of watches) void watch[Symbol.asyncIterator]().next();
  let offset = 0;
  for (const [index, [inFlight, count]] of (
    [
      [1, 1000],
      [32, 10_000],
      [256, 30_000],
    ] as const
  ).entries()) {
    await measureWrites(name, store, offset, count, inFlight, targets[index]);
    offset += count;
  }
  for (const watch of watches) watch.close();
}

async function measureReads(name: string, store: Store): Promise<void> {
  const time = async (what: string, count: number, read: (index: number) => Promise<unknown>, target = "") => {
    const start = performance.now();
    for (let index = 0; index < count; index++) await read(index);
    const ms = (performance.now() - start) / count;
    print(`${name}: ${what}`, `${(ms * 1000).toFixed(1)} µs  ${Math.round(1000 / ms)}/s`, target);
  };
  const { revision } = await store.list("/registry/pods/");
  await time("get", 20_000, (index) => store.get(key(index)));
  await time("list of 15,000", 20, () => store.list("/registry/pods/", { limit: 15_000 }));
  await time("page of 500", 1000, (index) => store.list("/registry/pods/", { limit: 500, startAfter: key(index) }));
  await put(store, "/registry/other/one");
  await time("page of 500 in the past", 50, () => store.list("/registry/pods/", { limit: 500, revision }));
}

async function measureFanOut(store: Store): Promise<void> {
  const watchers = 1000;
  const writes = 500;
  const start = await store.currentRevision();
  let delivered = 0;
  const watches = Array.from({ length: watchers }, () => store.watch("/registry/leases/", start));
  const readers = watches.map(async (watch) => {
    let seen = 0;
    for await (const batch of watch) {
      seen += batch.events.length;
      delivered += batch.events.length;
      if (seen === writes) break;
    }
  });
  const began = performance.now();
  await concurrently(writes, 32, async (index) => {
    await store.transact([], [{ type: "put", key: `/registry/leases/${index % 100}`, value: VALUE }]);
  });
  await Promise.all(readers);
  const rate = Math.round((delivered / (performance.now() - began)) * 1000);
  print("sqlite: 1,000 watches of one prefix", `${rate} deliveries/s`, "≥ 200,000/s");
}

async function measureChurn(directory: TemporaryDirectory, updates: number): Promise<void> {
  const store = await openSqliteStore({ clock, path: directory.file("churn.db") });
  const objects = 1000;
  const start = performance.now();
  let largest = 0;
  for (let done = 0; done < updates; done += 10_000) {
    await concurrently(Math.min(10_000, updates - done), 256, async (index) => {
      const value = Buffer.from(VALUE);
      value.writeUInt32LE(done + index);
      await store.transact([], [{ type: "put", key: key(index % objects), value }]);
    });
    largest = Math.max(largest, await store.size());
  }
  const rate = Math.round((updates / (performance.now() - start)) * 1000);
  await store.close();
  const reopened = await openSqliteStore({ clock, path: directory.file("churn.db") });
  const megabytes = (size: number) => (size / 1e6).toFixed(2);
  const live = objects * (VALUE.length + key(0).length);
  print(
    `sqlite: ${updates} updates of ${objects} objects`,
    `${rate}/s, file ${megabytes(await reopened.size())} MB for ${megabytes(live)} MB live`,
    "≤ 3 × live",
  );
  print("  largest with its log, during that", `${megabytes(largest)} MB`);
  await reopened.close();
}

async function measureStart(directory: TemporaryDirectory, keys: number): Promise<void> {
  const options = { clock, path: directory.file("start.db") };
  const filled = await openSqliteStore(options);
  await concurrently(keys, 1000, (index) => put(filled, key(index)));
  await filled.close();
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  const start = performance.now();
  const utilization = performance.eventLoopUtilization();
  const store = await openSqliteStore(options);
  const ms = performance.now() - start;
  const busy = performance.eventLoopUtilization(utilization).active;
  globalThis.gc?.();
  const memory = process.memoryUsage().rss - before;
  const values = (keys * VALUE.length) / 1e6;
  print(
    `sqlite: open with ${keys} keys`,
    `${ms.toFixed(0)} ms (main thread ${busy.toFixed(0)}), ${(memory / 1e6).toFixed(0)} MB for ${values.toFixed(0)} MB of values`,
  );
  await store.close();
}

async function measureIdle(directory: TemporaryDirectory): Promise<void> {
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  const start = performance.now();
  const store = await openSqliteStore({ clock, path: directory.file("idle.db") });
  const ms = performance.now() - start;
  print(
    "sqlite: open an empty store",
    `${ms.toFixed(0)} ms, ${((process.memoryUsage().rss - before) / 1e6).toFixed(0)} MB`,
  );
  await store.close();
}

async function measureEtcd(): Promise<void> {
  if (skipEtcd !== false) return;
  const servers = await startEtcd();
  try {
    const endpoints = servers.map(({ endpoint }) => endpoint);
    const store = await connectEtcdStore({ clock, endpoints });
    let offset = 0;
    for (const [inFlight, count] of [
      [1, 500],
      [32, 5000],
      [256, 10_000],
    ] as const) {
      await measureWrites("etcd", store, offset, count, inFlight);
      offset += count;
    }
    await measureReads("etcd", store);
    await store.close();
  } finally {
    await Promise.all(servers.map((server) => server.remove()));
  }
}

async function measureCrashes(directory: TemporaryDirectory, rounds: number): Promise<void> {
  const seed = Date.now();
  const report = await runCrashRounds({
    path: directory.file("crash.db"),
    rounds,
    clock,
    random: new SeededRandom(seed),
    processes: new RealProcesses(),
    writesMin: 100,
  });
  print(
    `sqlite: killed ${rounds} times while writing`,
    `${report.acknowledged} acknowledged, 0 lost, 0 invented (seed ${seed})`,
    "0 lost, 0 invented",
  );
}

async function measureSqlite(directory: TemporaryDirectory): Promise<void> {
  const store = await openSqliteStore({ clock, path: directory.file("writes.db") });
  await measureAllWrites("sqlite", store, ["≥ 400/s", "", "≥ 7,000/s"]);
  await measureReads("sqlite", store);
  await measureFanOut(store);
  await store.close();
}

async function measureMemory(): Promise<void> {
  const store = createMemoryStore({ clock });
  await measureAllWrites("memory", store, []);
  await store.close();
}

export async function run(): Promise<void> {
  const { values } = parseArgs({
    options: {
      parts: { type: "string", default: "idle,sqlite,churn,start,memory,etcd,crash" },
      churn: { type: "string", default: "200000" },
      crash: { type: "string", default: "20" },
    },
  });
  const directory = await temporaryDirectory();
  const parts: Readonly<Record<string, () => Promise<void>>> = {
    idle: () => measureIdle(directory),
    sqlite: () => measureSqlite(directory),
    churn: () => measureChurn(directory, Number(values.churn)),
    start: () => measureStart(directory, 100_000),
    memory: measureMemory,
    etcd: measureEtcd,
    crash: () => measureCrashes(directory, Number(values.crash)),
  };
  try {
    for (const part of values.parts.split(",")) await parts[part]?.();
  } finally {
    await directory.remove();
  }
}

if (import.meta.main) await run();
