import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import type { Service } from "../api/index.ts";
import { CapturingLog } from "../base/index.ts";
import { type Enter, Nft, runIn } from "../network/index.ts";
import type { ServiceInput } from "./rules/render.ts";
import { Syncer } from "./syncer.ts";
import { service, slice, testConfig } from "./testing/objects.ts";
import { Wires } from "./testing/wires.ts";

// Real packets through the real rules: needs root, nftables, iproute2, conntrack and curl.
const REFUSED = 7;
const NO_ANSWER = 28;
const directory = mkdtempSync(join(tmpdir(), "proxy-"));
const log = new CapturingLog();
let wires: Wires;
let syncer: Syncer;
let a: Enter;
let b: Enter;

before(async () => {
  wires = await Wires.open();
  [a, b] = await Promise.all([wires.pod("a", "10.210.1.5"), wires.pod("b", "10.210.1.6")]);
  const { platform, node: enter } = wires;
  const nft = new Nft({ ...platform, directory, enter });
  syncer = new Syncer({ config: testConfig, nft, processes: platform.processes, log, enter });
});

after(async () => {
  await wires.close();
  rmSync(directory, { recursive: true });
});

afterEach(() => apply());

/** Makes these the only Services. */
const known = new Set<string>();
async function apply(...inputs: readonly ServiceInput[]): Promise<void> {
  for (const name of known)
    if (!inputs.some(({ service: { metadata } }) => metadata.name === name)) syncer.set(name, undefined);
  for (const input of inputs) {
    const name = input.service.metadata.name ?? "";
    known.add(name);
    syncer.set(name, input);
  }
  await syncer.apply();
  assert.deepEqual(log.entries, []);
}

const web = (
  spec: Service["spec"],
  endpoints: Parameters<typeof slice>[1],
  status?: Service["status"],
): ServiceInput => ({
  service: service("web", spec, status),
  slices: [slice("web", endpoints)],
});
const nodePort = (spec: Service["spec"] = {}): Service["spec"] => ({
  type: "NodePort",
  ports: [{ name: "http", port: 80, nodePort: 30_080 }],
  ...spec,
});
const elsewhere = { addresses: ["10.210.1.6"], nodeName: "node-2", conditions: { ready: true } };

async function answers(from: Enter, target: string, times: number): Promise<ReadonlySet<string | number>> {
  return new Set(await Promise.all(Array.from({ length: times }, () => wires.http(from, target))));
}

test("a cluster IP spreads pods and the node over the endpoints; pods keep their address", async () => {
  await apply(web({}, ["10.210.1.5", "10.210.1.6"]));
  const fromA = await answers(a, "10.212.0.1", 16);
  assert.deepEqual([...fromA].sort(), ["a 10.210.1.1", "b 10.210.1.5"], "a sees itself by another address");
  assert.deepEqual([...(await answers(wires.node, "10.212.0.1", 16))].sort(), ["a 10.210.1.1", "b 10.210.1.1"]);
});

test("what has no endpoint is refused at once, to pods, the node and outsiders", async () => {
  await apply(web(nodePort(), []));
  for (const from of [a, wires.node]) {
    assert.equal(await wires.http(from, "10.212.0.1"), REFUSED);
    assert.equal(await wires.http(from, "10.211.0.2:30080"), REFUSED);
  }
  assert.equal(await wires.http(wires.outsider, "10.211.0.2:30080"), REFUSED);
  assert.equal(await wires.http(wires.node, "127.0.0.1:30080"), REFUSED);
});

test("a port that the Service does not have is refused", async () => {
  await apply(web({}, ["10.210.1.5"]));
  assert.equal(await wires.http(a, "10.212.0.1:81"), REFUSED);
  assert.equal(await wires.http(wires.node, "10.212.0.1:81"), REFUSED);
});

test("an endpoint that goes away gets no new connection, and the last one leaves a refusal", async () => {
  await apply(web({}, ["10.210.1.5", "10.210.1.6"]));
  await apply(web({}, ["10.210.1.6"]));
  assert.deepEqual([...(await answers(wires.node, "10.212.0.1", 8))], ["b 10.210.1.1"]);
  await apply(web({}, []));
  assert.equal(await wires.http(wires.node, "10.212.0.1"), REFUSED);
});

test("a node port answers outsiders, pods and 127.0.0.1, masqueraded", async () => {
  await apply(web(nodePort(), ["10.210.1.6"]));
  assert.equal(await wires.http(wires.outsider, "10.211.0.2:30080"), "b 10.210.1.1");
  assert.equal(await wires.http(wires.node, "10.211.0.2:30080"), "b 10.210.1.1");
  assert.equal(await wires.http(wires.node, "127.0.0.1:30080"), "b 10.210.1.1");
  assert.equal(await wires.http(a, "10.211.0.2:30080"), "b 10.210.1.1");
  assert.equal(await wires.http(a, "10.210.1.1:30080"), REFUSED, "only the node's primary address answers");
});

test("externalTrafficPolicy Local keeps the client's address and uses local endpoints only", async () => {
  await apply(web(nodePort({ externalTrafficPolicy: "Local" }), ["10.210.1.5", elsewhere]));
  assert.deepEqual([...(await answers(wires.outsider, "10.211.0.2:30080", 8))], ["a 10.211.0.9"]);
  await apply(web(nodePort({ externalTrafficPolicy: "Local" }), [elsewhere]));
  assert.equal(await wires.http(wires.outsider, "10.211.0.2:30080", 1), NO_ANSWER);
  assert.equal(await wires.http(wires.node, "10.211.0.2:30080"), "b 10.210.1.1");
  assert.equal(await wires.http(a, "10.211.0.2:30080"), "b 10.210.1.5");
});

test("internalTrafficPolicy Local drops when this node has no endpoint", async () => {
  await apply(web({ internalTrafficPolicy: "Local" }, ["10.210.1.5", elsewhere]));
  assert.deepEqual([...(await answers(wires.node, "10.212.0.1", 8))], ["a 10.210.1.1"]);
  await apply(web({ internalTrafficPolicy: "Local" }, [elsewhere]));
  assert.equal(await wires.http(b, "10.212.0.1", 1), NO_ANSWER);
});

test("session affinity holds a client to one endpoint", async () => {
  await apply(web({ sessionAffinity: "ClientIP" }, ["10.210.1.5", "10.210.1.6"]));
  const [first] = await answers(wires.node, "10.212.0.1", 1);
  assert.deepEqual([...(await answers(wires.node, "10.212.0.1", 12))], [first]);
});

test("load balancer addresses and external IPs answer; source ranges keep others out", async () => {
  const status = { loadBalancer: { ingress: [{ ip: "192.0.2.80" }] } };
  const spec = { type: "LoadBalancer", externalIPs: ["192.0.2.81"] } as const;
  const open = { ...spec, externalIPs: [...spec.externalIPs] };
  await apply(web(open, ["10.210.1.6"], status));
  assert.equal(await wires.http(wires.outsider, "192.0.2.80"), "b 10.210.1.1");
  assert.equal(await wires.http(wires.outsider, "192.0.2.81"), "b 10.210.1.1");
  await apply(web({ ...open, loadBalancerSourceRanges: ["10.1.0.0/16", "10.0.0.0/12"] }, ["10.210.1.6"], status));
  assert.equal(await wires.http(wires.outsider, "192.0.2.80", 1), NO_ANSWER);
  await apply(
    web(
      { ...open, loadBalancerSourceRanges: ["10.1.0.0/16", "10.211.0.0/16", "10.211.0.9/32"] },
      ["10.210.1.6"],
      status,
    ),
  );
  assert.equal(await wires.http(wires.outsider, "192.0.2.80"), "b 10.210.1.1");
});

test("a UDP client with one port follows its Service from nobody to one endpoint to another", async () => {
  const ports = [{ name: "dns", port: 53, protocol: "UDP" as const }];
  const dns = (endpoints: string[]) => ({
    service: service("dns", { ports }),
    slices: [slice("dns", endpoints, { name: "dns", port: 5353, protocol: "UDP" })],
  });
  await apply(dns([]));
  assert.equal(await wires.udp(wires.outsider, "10.212.0.1", 53, 500), "no answer");
  await apply(dns(["10.210.1.5"]));
  assert.equal(await wires.udp(wires.outsider, "10.212.0.1", 53), "a 10.210.1.1");
  await apply(dns(["10.210.1.6"]));
  assert.equal(await wires.udp(wires.outsider, "10.212.0.1", 53), "b 10.210.1.1");
});

test("an address of a service range that no Service has is refused, wherever a route would lead", async () => {
  const { processes } = wires.platform;
  await runIn(processes, wires.node, "ip", "route", "add", "10.213.0.0/16", "via", "10.211.0.9");
  await runIn(processes, wires.outsider, "ip", "route", "add", "blackhole", "10.213.0.0/16");
  const inside = { clusterIP: "10.213.0.1", clusterIPs: ["10.213.0.1"] };
  syncer.setServiceRanges(["10.213.0.0/16", "10.213.4.0/24", "fd00::/108"]);
  try {
    await apply(web(inside, ["10.210.1.5"]));
    for (const from of [a, wires.node]) {
      assert.equal(await wires.http(from, "10.213.4.2"), REFUSED);
      assert.equal(await wires.http(from, "10.213.0.1:81"), REFUSED);
      assert.match(String(await wires.http(from, "10.213.0.1")), /^a /);
    }
  } finally {
    syncer.setServiceRanges([]);
  }
  await apply();
  assert.equal(await wires.http(a, "10.213.4.2", 1), NO_ANSWER, "it is routed where no range says otherwise");
});
