import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createRealPlatform, silentLog } from "../base/index.ts";
import type { ClusterView } from "./records.ts";
import { Resolver } from "./resolver.ts";
import { DnsServer } from "./server.ts";

const platform = createRealPlatform();
const port = 15353;
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

const controller = new AbortController();
let running: Promise<void>;

async function dig(...args: string[]): Promise<string> {
  const { stdout } = await platform.processes.run("dig", [
    "@127.0.0.1",
    "-p",
    String(port),
    "+tries=1",
    "+time=2",
    ...args,
  ]);
  return stdout;
}

describe("dig against the server", () => {
  before(async () => {
    const server = new DnsServer({
      ...platform,
      addresses: [{ host: "127.0.0.1", port }],
      domain: "cluster.local",
      resolver: new Resolver(view, "cluster.local"),
      log: silentLog,
    });
    running = server.run(controller.signal);
    while ((await dig("+short", "web.default.svc.cluster.local")) === "") await platform.clock.sleep(50);
  });
  after(async () => {
    controller.abort();
    await running;
  });

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
