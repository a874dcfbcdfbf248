import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { CapturingLog, createRealPlatform, until } from "../base/index.ts";
import { FakeClient, SharedInformerFactory, typed } from "../client/index.ts";
import { MetricsRegistry } from "../component/index.ts";
import { type Enter, Nft, runIn } from "../network/index.ts";
import { unusedPort } from "../testing/index.ts";
import { Proxy as KubeProxy, removeProxyRules } from "./proxy.ts";
import { service, slice, testConfig } from "./testing/objects.ts";

// The whole proxy against a server in memory and the kernel: needs root and nftables.
const platform = { ...createRealPlatform(), log: new CapturingLog() };
const { clock, processes } = platform;
const directory = mkdtempSync(join(tmpdir(), "proxy-run-"));
const holder = processes.spawn("unshare", ["--net", "sleep", "3600"]);
const enter: Enter = ["nsenter", `--net=/proc/${holder.pid}/ns/net`, "--"];
const nft = new Nft({ ...platform, directory: join(directory, "read"), enter });
const client = new FakeClient();
const { services, endpointslices } = typed(client);
const controller = new AbortController();
const syncPeriodMs = 100;
const table = { family: "ip", name: testConfig.table } as const;
let [healthzPort, metricsPort, healthCheckNodePort] = [0, 0, 0];
let running: Promise<unknown>;
let proxy: KubeProxy;

before(async () => {
  const own = await platform.disk.readLink("/proc/self/ns/net");
  while ((await platform.disk.readLink(`/proc/${holder.pid}/ns/net`)) === own) await clock.sleep(5);
  [healthzPort, metricsPort, healthCheckNodePort] = [await unusedPort(), await unusedPort(), await unusedPort()];
  const informers = new SharedInformerFactory({ ...platform, client });
  const bind = (port: number) => ({ host: "127.0.0.1", port });
  const options = {
    informers,
    directory,
    minSyncPeriodMs: 10,
    syncPeriodMs,
    enter,
    registry: new MetricsRegistry(),
  };
  const { nodeAddress: _, ...config } = testConfig;
  proxy = new KubeProxy(platform, { ...options, config, healthz: bind(healthzPort), metrics: bind(metricsPort) });
  const status = {
    addresses: [
      { type: "Hostname", address: "node-1" },
      { type: "InternalIP", address: "10.211.0.2" },
    ],
  };
  await typed(client).nodes.create({ apiVersion: "v1", kind: "Node", metadata: { name: "node-1" }, spec: {} });
  await typed(client).nodes.patch("node-1", { type: "merge", body: { status } }, { subresource: "status" });
  running = Promise.all([proxy.run(controller.signal), informers.run(controller.signal)]);
});

after(async () => {
  controller.abort();
  await running;
  holder.kill("SIGKILL");
  rmSync(directory, { recursive: true });
});

const eventually = <T>(find: () => Promise<T | undefined | false>) => until(clock, String(find), find);

const serviceIps = async () => (await nft.read(table))?.maps.get("service-ips");
const curl = (port: number) => processes.run("curl", ["--silent", "--include", `http://127.0.0.1:${port}/healthz`]);

test("Services and slices that appear, change and go are followed", async () => {
  await services.namespace("default").create(service("web", {}));
  await eventually(async () => (await nft.read(table))?.maps.get("no-endpoint-services")?.size === 1);
  await endpointslices.namespace("default").create(slice("web", ["10.210.1.5"]));
  const elements = await eventually(async () => ((await serviceIps())?.size === 1 ? serviceIps() : undefined));
  assert.equal(elements.get("10.212.0.1 . tcp . 80"), "goto service/default/web/tcp/http");
  await services.namespace("default").delete("web");
  await eventually(async () => (await serviceIps())?.size === 0);
});

test("node ports answer on the address in the Node's status", async () => {
  assert.deepEqual((await nft.read(table))?.sets.get("nodeport-ips"), ["10.211.0.2", "127.0.0.1"]);
});

test("the ranges of ServiceCIDRs are refused, and those of deleted ones are not", async () => {
  const list = ["nft", "list", "chain", "ip", testConfig.table, "service-ranges"];
  const refused = async (): Promise<readonly string[]> =>
    (await runIn(processes, enter, ...list)).match(/[^\s{]+ reject/g) ?? [];
  const added = { apiVersion: "networking.k8s.io/v1", kind: "ServiceCIDR", metadata: { name: "more" } } as const;
  await typed(client).servicecidrs.create({ ...added, spec: { cidrs: ["10.213.0.0/24", "fd00::/112"] } });
  await eventually(async () => (await refused()).includes("10.213.0.0/24 reject"));
  await typed(client).servicecidrs.delete("more");
  await eventually(async () => (await refused()).length === 0);
});

test("a burst of changes is written in a few batches", async () => {
  const before = proxy.syncCount;
  const startedMs = clock.monotonic();
  const addresses = Array.from({ length: 50 }, (_, at) => `10.212.7.${at}`);
  const create = (address: string, at: number) =>
    services.namespace("default").create(service(`burst-${at}`, { clusterIP: address, clusterIPs: [address] }));
  await Promise.all(addresses.map(create));
  await eventually(async () => (await nft.read(table))?.maps.get("no-endpoint-services")?.size === 50);
  const [batches, regular] = [proxy.syncCount - before, (clock.monotonic() - startedMs) / syncPeriodMs];
  assert.ok(batches < 25 + regular, `${batches} batches`);
});

test("a table that somebody removed comes back", async () => {
  await runIn(processes, enter, "nft", "delete", "table", "ip", testConfig.table);
  await eventually(async () => (await nft.read(table))?.maps.get("no-endpoint-services")?.size === 50);
});

test("the proxy and Services with externalTrafficPolicy Local tell load balancers their health", async () => {
  const { stdout } = await eventually(async () => {
    const finished = await curl(healthzPort);
    return finished.stdout.includes(" 200 OK") && finished;
  });
  assert.match(stdout, /"nodeEligible":true/);

  const spec = {
    clusterIP: "10.212.9.1",
    clusterIPs: ["10.212.9.1"],
    type: "LoadBalancer",
    externalTrafficPolicy: "Local",
    healthCheckNodePort,
  } as const;
  await services.namespace("default").create(service("lb", { ...spec, clusterIPs: [...spec.clusterIPs] }));
  const none = await eventually(async () => {
    const finished = await curl(healthCheckNodePort);
    return finished.code === 0 && finished;
  });
  assert.match(none.stdout, / 503 Service Unavailable/);
  await endpointslices
    .namespace("default")
    .create(slice("lb", ["10.210.1.5", "10.210.1.6", { addresses: ["10.210.2.1"], nodeName: "node-2" }]));
  const some = await eventually(async () => {
    const finished = await curl(healthCheckNodePort);
    return finished.stdout.includes(" 200 OK") && finished;
  });
  assert.match(some.stdout, /x-load-balancing-endpoint-weight: 2/i);
  assert.match(
    some.stdout,
    /\{"service":\{"namespace":"default","name":"lb"\},"localEndpoints":2,"serviceProxyHealthy":true\}/,
  );
  await services.namespace("default").delete("lb");
  await eventually(async () => (await curl(healthCheckNodePort)).code === 7);
});

test("metrics have upstream's names", async () => {
  const { stdout } = await processes.run("curl", ["--silent", `http://127.0.0.1:${metricsPort}/metrics`]);
  assert.match(stdout, /^kubeproxy_sync_proxy_rules_duration_seconds_count\{ip_family="IPv4"\} [1-9]/m);
  assert.match(stdout, /^kubeproxy_sync_proxy_rules_service_changes_total [1-9]/m);
  const mode = await processes.run("curl", ["--silent", `http://127.0.0.1:${metricsPort}/proxyMode`]);
  assert.equal(mode.stdout, "nftables");
});

test("rules stay when the proxy ends, until they are removed", async () => {
  controller.abort();
  await running;
  assert.ok(await nft.read(table));
  await removeProxyRules(nft, testConfig);
  assert.equal(await nft.read(table), undefined);
});
