import assert from "node:assert/strict";
import { test } from "node:test";
import { isStatusError } from "../../apimachinery/index.ts";
import { SeededRandom } from "../../base/index.ts";
import { startStandardControlPlane } from "../../testing/index.ts";
import { addressAt, parseRange, staticPartOf } from "./address-range.ts";
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
    const created = await client.create(service("a", { type: "NodePort" }));
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
