import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { CapturingLog, createRealPlatform, until } from "../base/index.ts";
import type { ClusterView } from "./records.ts";
import { Resolver } from "./resolver.ts";
import { DnsServer } from "./server.ts";

const platform = createRealPlatform();
let port = 0;
/** Enough endpoints that an answer does not fit a plain UDP message. */
const addresses = Array.from({ length: 60 }, (_, index) => `10.244.1.${index + 1}`);
const view = {
  hasSynced: () => true,
  namespaceExists: () => true,
  service: (_namespace: string, name: string) =>
    name === "many"
      ? { metadata: { name }, spec: { clusterIP: "None" } }
      : { metadata: { name }, spec: { clusterIP: "10.96.0.7" } },
  slices: () => [
    { metadata: {}, addressType: "IPv4", endpoints: addresses.map((address) => ({ addresses: [address] })) },
  ],
  servicesByAddress: () => [],
  slicesByAddress: () => [],
} as unknown as ClusterView;

let controller = new AbortController();
let running: Promise<void>;

async function dig(...args: string[]): Promise<string> {
  const { stdout } = await platform.processes.run("dig", [
    "@127.0.0.1",
    "-p",
    String(port),
    "+tries=1",
    "+time=60",
    ...args,
  ]);
  return stdout;
}

/** Whether it got the port, below those that systems hand out. */
async function start(): Promise<boolean> {
  port = 20_000 + Math.floor(platform.random.next() * 12_000);
  controller = new AbortController();
  const log = new CapturingLog();
  const server = new DnsServer({
    ...platform,
    addresses: [{ host: "127.0.0.1", port }],
    domain: "cluster.local",
    resolver: new Resolver(view, "cluster.local"),
    log,
  });
  running = server.run(controller.signal);
  const answers = async () => (await dig("+short", "web.default.svc.cluster.local")) !== "";
  await until(platform.clock, "the server answers", async () => (await answers()) || log.entries.length > 0);
  return log.entries.length === 0;
}

async function stop(): Promise<void> {
  controller.abort();
  await running;
}

describe("dig against the server", () => {
  before(async () => {
    while (!(await start())) await stop();
  });
  after(stop);

  it("answers over UDP and TCP", async () => {
    assert.equal(await dig("+short", "web.default.svc.cluster.local"), "10.96.0.7\n");
    assert.equal(await dig("+short", "+tcp", "web.default.svc.cluster.local"), "10.96.0.7\n");
  });

  it("truncates what does not fit, and dig gets the whole over TCP", async () => {
    assert.match(await dig("+noedns", "+ignore", "many.default.svc.cluster.local"), /flags: qr aa tc/);
    const whole = await dig("+short", "+noedns", "many.default.svc.cluster.local");
    assert.equal(whole.trim().split("\n").length, addresses.length);
  });

  it("refuses what is not the cluster's", async () => {
    assert.match(await dig("example.com"), /status: REFUSED/);
  });

  it("says no to a missing record with an SOA", async () => {
    const text = await dig("AAAA", "web.default.svc.cluster.local");
    assert.match(text, /status: NOERROR/);
    assert.match(text, /SOA\s+ns\.dns\.cluster\.local/);
  });
});
