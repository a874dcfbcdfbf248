import assert from "node:assert/strict";
import { test } from "node:test";
import { fieldErrorMessage, isStatusError, type KubeObject } from "../../apimachinery/index.ts";
import { SeededRandom } from "../../base/index.ts";
import { eventually, startStandardControlPlane } from "../../testing/index.ts";
import { addressAt, parseRange, staticPartOf } from "./address-range.ts";
import { ClusterIps } from "./cluster-ips.ts";
import { fillIpFamilies } from "./ip-families.ts";
import { NodePorts } from "./node-ports.ts";
import { NumberSet } from "./number-set.ts";
import type { Service } from "./service-types.ts";

test("a range leaves out the network and broadcast addresses", () => {
  const range = parseRange("10.0.0.0/29");
  assert.equal(range.size, 6);
  assert.deepEqual([addressAt(range, 0), addressAt(range, 5)], ["10.0.0.1", "10.0.0.6"]);
  assert.equal(addressAt(parseRange("fd00::/108"), 0), "fd00::1");
});

test("the static part follows upstream's formula", () => {
  assert.deepEqual([6, 254, 4_094, 1_048_574].map(staticPartOf), [0, 16, 255, 256]);
});

test("every number is given out once, those of the static part last", () => {
  const set = new NumberSet(64, new SeededRandom(1));
  const given = Array.from({ length: 64 }, () => set.takeAny());
  assert.equal(new Set(given).size, 64);
  assert.ok(given.slice(0, 48).every((number) => (number ?? 0) >= 16));
  assert.equal(set.takeAny(), undefined);
});

const services = { group: "", version: "v1", resource: "services" };

function service(name: string, spec: Partial<Service["spec"]> = {}): Service {
  return { apiVersion: "v1", kind: "Service", metadata: { name }, spec: { ports: [{ port: 80 }], ...spec } };
}

test("Services get addresses and ports, keep them over updates and give them back", async () => {
  const plane = await startStandardControlPlane();
  try {
    const client = plane.client.resource<Service>(services).namespace("default");
    const addresses = plane.client.resource({ group: "networking.k8s.io", version: "v1", resource: "ipaddresses" });
    const created = await client.create(service("a", { type: "NodePort", ports: [{ port: 80, name: "a" }] }));
    const { clusterIP = "", ports } = created.spec;
    assert.match(clusterIP, /^10\.(9[6-9]|10[0-9]|11[01])\./);
    const nodePort = ports?.[0]?.nodePort ?? 0;
    assert.ok(nodePort >= 30_000 && nodePort <= 32_767);
    assert.equal((await addresses.get(clusterIP)).metadata.name, clusterIP);
    const updated = await client
      .update(
        service("a", {
          type: "NodePort",
          ports: [
            { port: 80, name: "a" },
            { port: 81, name: "b" },
          ],
        }),
      )
      .catch((error) => error);
    assert.ok(!(updated instanceof Error), String(updated));
    assert.equal(updated.spec.clusterIP, clusterIP);
    const moved = { ...updated, spec: { ...updated.spec, clusterIP: "1.2.3.4" } };
    await assert.rejects(client.update(moved), {
      message: 'Service "a" is invalid: spec.clusterIPs[0]: Invalid value: ["1.2.3.4"]: may not change once set',
    });
    assert.equal(updated.spec.ports?.[0]?.nodePort, nodePort);
    const taken = await client.create(service("b", { clusterIP })).catch((error: unknown) => error);
    assert.ok(isStatusError(taken, "Invalid"));
    assert.match(taken.message, /failed to allocate IP .*: provided IP is already allocated/);
    await client.delete("a");
    await assert.doesNotReject(
      client.create(service("b", { clusterIP, type: "NodePort", ports: [{ port: 80, nodePort }] })),
    );
    const outside = service("d", { clusterIP: "1.2.3.4" });
    const refused =
      'Service "d" is invalid: spec.clusterIPs: Invalid value: ["1.2.3.4"]: failed to allocate IP 1.2.3.4: ';
    await assert.rejects(client.create(outside), {
      message: `${refused}the provided network does not match the current range`,
    });
    await assert.rejects(client.create(outside, { dryRun: true }), {
      message: `${refused}the provided IP (1.2.3.4) is not in the valid range. The range of valid IPs is 10.96.0.0/12`,
    });
    const headless = await client.create(service("c", { clusterIP: "None" }));
    assert.deepEqual(headless.spec.clusterIPs, ["None"]);
  } finally {
    await plane.stop();
  }
});

test("what a crash left behind is mended at the next start", async () => {
  const first = await startStandardControlPlane();
  const created = await first.client.resource<Service>(services).namespace("default").create(service("a"));
  const { clusterIP = "" } = created.spec;
  await first.client.resource({ group: "networking.k8s.io", version: "v1", resource: "ipaddresses" }).delete(clusterIP);
  await first.halt();
  const second = await startStandardControlPlane({ store: first.store });
  try {
    const taken = await second.client
      .resource<Service>(services)
      .namespace("default")
      .create(service("b", { clusterIP }))
      .catch((error: unknown) => error);
    assert.ok(isStatusError(taken, "Invalid"));
  } finally {
    await second.stop();
    await first.store.close();
  }
});

const messages = (change: Partial<Service["spec"]>, cluster: readonly ("IPv4" | "IPv6")[], old?: Service) => {
  const made = service("a", { type: "ClusterIP", ...change });
  return { spec: made.spec, errors: fillIpFamilies(made, old, cluster).map(fieldErrorMessage) };
};

test("addresses that are none are refused before anything is allocated", () => {
  assert.deepEqual(messages({ clusterIP: "x" }, ["IPv4"]).errors, [
    'spec.clusterIPs[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
  ]);
  assert.deepEqual(messages({ clusterIP: "fd00::1" }, ["IPv4"]).errors, [
    'spec.clusterIPs[0]: Invalid value: ["fd00::1"]: IPv6 is not configured on this cluster',
  ]);
  assert.deepEqual(messages({ ipFamilyPolicy: "RequireDualStack" }, ["IPv4"]).errors, [
    'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
  ]);
  assert.deepEqual(messages({ ipFamilies: ["IPv4", "IPv6"] }, ["IPv4", "IPv6"]).errors, [
    "spec.ipFamilyPolicy: Invalid value: \"SingleStack\": must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified",
  ]);
});

test("families follow from addresses, the policy, and the cluster", () => {
  const of = (change: Partial<Service["spec"]>, cluster: readonly ("IPv4" | "IPv6")[]) => {
    const { errors, spec } = messages(change, cluster);
    return [errors, spec.ipFamilyPolicy, spec.ipFamilies];
  };
  assert.deepEqual(of({}, ["IPv6", "IPv4"]), [[], "SingleStack", ["IPv6"]]);
  assert.deepEqual(of({ clusterIP: "10.0.0.1" }, ["IPv6", "IPv4"]), [[], "SingleStack", ["IPv4"]]);
  assert.deepEqual(of({ ipFamilyPolicy: "PreferDualStack" }, ["IPv4"]), [[], "PreferDualStack", ["IPv4"]]);
  assert.deepEqual(of({ ipFamilyPolicy: "PreferDualStack" }, ["IPv4", "IPv6"]), [
    [],
    "PreferDualStack",
    ["IPv4", "IPv6"],
  ]);
  assert.deepEqual(of({ clusterIP: "None" }, ["IPv4"]), [[], "RequireDualStack", ["IPv4", "IPv6"]]);
  assert.deepEqual(of({ clusterIP: "None", selector: { a: "b" } }, ["IPv4"]), [[], "SingleStack", ["IPv4"]]);
});

test("the second family goes where the policy says so, and comes where it is not a mere preference", () => {
  const both = service("a", {
    type: "ClusterIP",
    clusterIP: "10.0.0.1",
    clusterIPs: ["10.0.0.1", "fd00::1"],
    ipFamilies: ["IPv4", "IPv6"],
    ipFamilyPolicy: "RequireDualStack",
  });
  const single = messages({ ...both.spec, ipFamilyPolicy: "SingleStack" }, ["IPv4", "IPv6"], both);
  assert.deepEqual([single.errors, single.spec.clusterIPs, single.spec.ipFamilies], [[], ["10.0.0.1"], ["IPv4"]]);
  assert.deepEqual(messages({ ...both.spec, clusterIPs: ["10.0.0.1"] }, ["IPv4", "IPv6"], both).errors, [
    "spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": must be 'SingleStack' to release the secondary cluster IP",
  ]);
  const one = { clusterIP: "10.0.0.1", clusterIPs: ["10.0.0.1"], ipFamilies: ["IPv4"] };
  const preferring = service("a", { type: "ClusterIP", ...one, ipFamilyPolicy: "PreferDualStack" });
  assert.deepEqual(messages(preferring.spec, ["IPv4", "IPv6"], preferring).spec.ipFamilies, ["IPv4"]);
  assert.deepEqual(
    messages({ ...one, ipFamilyPolicy: "RequireDualStack" }, ["IPv4", "IPv6"], preferring).spec.ipFamilies,
    ["IPv4", "IPv6"],
  );
});

test("a dry run looks at ports and takes none", () => {
  const ports = new NodePorts({ first: 1, last: 2 }, new SeededRandom(1));
  assert.equal(ports.allocate(1, true, []), 1);
  assert.equal(ports.allocate(1, false, []), 1);
  assert.throws(() => ports.allocate(1, true, []), /already allocated/);
  assert.equal(ports.allocate(0, true, []), 2);
  assert.throws(() => ports.allocate(0, true, [2]), /range is full/);
  assert.equal(ports.allocate(0, false, []), 2);
});

test("ports of one number share a node port, and none is given out for health checks twice", async () => {
  const plane = await startStandardControlPlane();
  try {
    const client = plane.client.resource<Service>(services).namespace("default");
    const created = await client.create(
      service("a", {
        type: "LoadBalancer",
        externalTrafficPolicy: "Local",
        allocateLoadBalancerNodePorts: false,
        ports: [
          { name: "t", port: 53, protocol: "TCP" },
          { name: "u", port: 53, protocol: "UDP", nodePort: 30_053 },
        ],
      }),
    );
    assert.deepEqual(
      created.spec.ports?.map(({ nodePort }) => nodePort),
      [undefined, 30_053],
    );
    const taken = created.spec.healthCheckNodePort ?? 0;
    const other = { type: "LoadBalancer", externalTrafficPolicy: "Local", healthCheckNodePort: taken };
    await assert.rejects(client.create(service("b", other)), {
      message: `Internal error occurred: failed to allocate requested HealthCheck NodePort ${taken}: provided port is already allocated`,
    });
    const twice = created.spec.ports?.map((port) => ({ ...port, protocol: "TCP", nodePort: 30_053 }));
    await assert.rejects(client.update({ ...created, spec: { ...created.spec, ports: twice ?? [] } }), {
      message: "duplicate nodePort: {TCP 30053}",
    });
  } finally {
    await plane.stop();
  }
});

test("ServiceCIDRs that are ready give addresses, too", async () => {
  const plane = await startStandardControlPlane();
  try {
    const cidrs = plane.client.resource<KubeObject & { spec?: object; status?: object }>({
      group: "networking.k8s.io",
      version: "v1",
      resource: "servicecidrs",
    });
    const client = plane.client.resource<Service>(services).namespace("default");
    const within = (last: number) => client.create(service(`s${last}`, { clusterIP: `192.168.77.${last}` }));
    const extra = await cidrs.create({ metadata: { name: "extra" }, spec: { cidrs: ["192.168.77.0/24"] } });
    await assert.rejects(within(10), /the provided network does not match the current range/);
    const ready = {
      type: "Ready",
      status: "True",
      reason: "",
      message: "",
      lastTransitionTime: "2026-01-01T00:00:00Z",
    };
    await cidrs.updateStatus({ ...extra, status: { conditions: [ready] } });
    await eventually(() => within(10));
    await assert.rejects(client.create(service("again", { clusterIP: "192.168.77.10" })), /already allocated/);
    await cidrs.delete("extra");
    await eventually(() => assert.rejects(within(11), /does not match the current range/));
  } finally {
    await plane.stop();
  }
});

test("a full range is followed by the next, and what is in use stays so in ranges that come later", async () => {
  const plane = await startStandardControlPlane();
  try {
    const ips = new ClusterIps([parseRange("192.168.1.0/30")], plane.client, new SeededRandom(1));
    const owner = { namespace: "default", name: "a" };
    const first = [await ips.allocate("IPv4", owner, false), await ips.allocate("IPv4", owner, false)];
    assert.deepEqual(first.toSorted(), ["192.168.1.1", "192.168.1.2"]);
    await assert.rejects(ips.allocate("IPv4", owner, false), /range is full/);
    ips.offer("wider", ["192.168.1.0/29"]);
    assert.deepEqual(ips.usage().get("192.168.1.0/29"), { allocated: 2, available: 4 });
    assert.match(await ips.allocate("IPv4", owner, false), /^192\.168\.1\.[3-6]$/);
    ips.offer("wider", []);
    await assert.rejects(ips.allocate("IPv4", owner, false), /range is full/);
  } finally {
    await plane.stop();
  }
});
