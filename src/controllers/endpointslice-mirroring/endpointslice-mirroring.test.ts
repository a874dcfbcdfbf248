import assert from "node:assert/strict";
import { test } from "node:test";
import { withControllers } from "../fixture.ts";
import { endpointSliceMirroringController } from "./endpointslice-mirroring-controller.ts";

const namespace = "default";

test("Endpoints of a Service without a selector are mirrored, and followed", async () => {
  await withControllers([endpointSliceMirroringController], async (fixture) => {
    const addresses = [{ ip: "192.0.2.1" }, { ip: "2001:db8::1" }];
    const subsets = [{ addresses, notReadyAddresses: [{ ip: "192.0.2.2" }], ports: [{ name: "db", port: 5432 }] }];
    await fixture.put("services", { metadata: { name: "db", namespace }, spec: { ports: [{ port: 5432 }] } });
    await fixture.put("services", { metadata: { name: "web", namespace }, spec: { selector: { app: "web" } } });
    await fixture.put(
      "endpoints",
      { metadata: { name: "db", namespace }, subsets },
      { metadata: { name: "web", namespace }, subsets },
    );
    await fixture.put("endpoints", {
      metadata: { name: "skipped", namespace, labels: { "endpointslice.kubernetes.io/skip-mirror": "true" } },
      subsets,
    });
    await fixture.settle();
    const shown = (): unknown =>
      fixture
        .all("endpointslices")
        .map(({ addressType, endpoints, ports }) => [
          addressType,
          endpoints?.map((one) => [...one.addresses, one.conditions?.ready]),
          ports?.[0]?.port,
        ]);
    assert.deepEqual(shown(), [
      [
        "IPv4",
        [
          ["192.0.2.1", true],
          ["192.0.2.2", false],
        ],
        5432,
      ],
      ["IPv6", [["2001:db8::1", true]], 5432],
    ]);
    assert.equal(
      fixture.all("endpointslices")[0]?.metadata.labels?.["endpointslice.kubernetes.io/managed-by"],
      "endpointslicemirroring-controller.k8s.io",
    );
    await fixture.change("endpoints", "default/db", (changed) => {
      changed.subsets = [{ addresses: [{ ip: "192.0.2.3" }], ports: [{ name: "db", port: 5432 }] }];
    });
    await fixture.settle();
    assert.deepEqual(shown(), [["IPv4", [["192.0.2.3", true]], 5432]]);
    await fixture.remove("endpoints", "default/db");
    await fixture.settle();
    assert.deepEqual(shown(), []);
  });
});
