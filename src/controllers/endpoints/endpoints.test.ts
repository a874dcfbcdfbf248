import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod, Service } from "../../api/index.ts";
import { type Fixture, makeReady, withControllers } from "../fixture.ts";
import { endpointSliceController } from "./endpointslice-controller.ts";
import { endpointsController } from "./endpoints-controller.ts";

const both = [endpointsController, endpointSliceController];

function service(more: Partial<Service["spec"]> = {}): Service {
  return {
    metadata: { name: "web", namespace: "default", labels: { team: "a" } },
    spec: {
      selector: { app: "web" },
      clusterIP: "10.96.0.1",
      ipFamilies: ["IPv4"],
      ports: [{ name: "http", port: 80, targetPort: "web" }],
      ...more,
    },
  };
}

function pod(name: string, port = 8080): Pod {
  return {
    metadata: { name, namespace: "default", labels: { app: "web" } },
    spec: {
      nodeName: "node-1",
      containers: [{ name: "web", image: "web", ports: [{ name: "web", containerPort: port, protocol: "TCP" }] }],
    },
  };
}

async function pods(fixture: Fixture, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    await fixture.put("pods", pod(`web-${index}`));
    makeReady(fixture, fixture.get("pods", `default/web-${index}`) ?? pod(""));
    fixture.force("pods", `default/web-${index}`, (changed) => {
      changed.status = { ...changed.status, podIP: `10.0.${index >> 8}.${index & 255}` };
    });
  }
  await fixture.settle();
}

test("slices and endpoints follow the pods", async () => {
  await withControllers(both, async (fixture) => {
    await fixture.put("nodes", {
      metadata: { name: "node-1", labels: { "topology.kubernetes.io/zone": "z1" } },
      spec: {},
    });
    await fixture.put("services", service());
    await fixture.settle();
    const [empty] = fixture.all("endpointslices");
    assert.deepEqual([empty?.endpoints, empty?.ports], [[], []]);
    await pods(fixture, 2);
    const slices = fixture.all("endpointslices");
    assert.equal(slices.length, 1);
    const [slice] = slices;
    assert.deepEqual(slice?.ports, [{ name: "http", protocol: "TCP", port: 8080 }]);
    assert.deepEqual(slice?.metadata.labels, {
      team: "a",
      "kubernetes.io/service-name": "web",
      "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
    });
    assert.deepEqual(slice?.endpoints?.[0], {
      addresses: ["10.0.0.0"],
      conditions: { ready: true, serving: true, terminating: false },
      targetRef: { kind: "Pod", namespace: "default", name: "web-0", uid: "uid-web-0" },
      nodeName: "node-1",
      zone: "z1",
    });
    const endpoints = fixture.get("endpoints", "default/web");
    assert.deepEqual(
      endpoints?.subsets?.[0]?.addresses?.map(({ ip }) => ip),
      ["10.0.0.0", "10.0.0.1"],
    );
    fixture.force("pods", "default/web-0", (changed) => {
      changed.metadata.deletionTimestamp = "2026-01-01T00:00:10Z";
    });
    await fixture.settle();
    const conditions = fixture
      .all("endpointslices")[0]
      ?.endpoints?.find(({ targetRef }) => targetRef?.name === "web-0")?.conditions;
    assert.deepEqual(conditions, { ready: false, serving: true, terminating: true });
    assert.deepEqual(
      fixture.get("endpoints", "default/web")?.subsets?.[0]?.addresses?.map(({ ip }) => ip),
      ["10.0.0.1"],
    );
    await fixture.remove("services", "default/web");
    await fixture.settle();
    assert.equal(fixture.all("endpoints").length, 0);
  });
});

test("a hundred endpoints to a slice, and a change touches one slice only", async () => {
  await withControllers([endpointSliceController], async (fixture) => {
    await fixture.put("services", service());
    await pods(fixture, 230);
    const sizes = (): number[] =>
      fixture
        .all("endpointslices")
        .map((slice) => slice.endpoints?.length ?? 0)
        .sort((a, b) => a - b);
    assert.equal(
      sizes().reduce((sum, size) => sum + size, 0),
      230,
    );
    assert.equal(sizes().length, 3);
    const before = new Map(
      fixture.all("endpointslices").map((slice) => [slice.metadata.name, slice.metadata.resourceVersion]),
    );
    const series = (name: string): string[] =>
      fixture.registry
        .render()
        .body.split("\n")
        .filter((line) => line.startsWith(`endpoint_slice_controller_${name}`))
        .map((line) => line.replace("endpoint_slice_controller_", ""));
    const moved = (which: "added" | "removed"): number =>
      Number(series(`endpoints_${which}_per_sync_sum`)[0]?.split(" ")[1]);
    assert.equal(moved("added") - moved("removed"), 230);
    const removed = moved("removed");
    await fixture.remove("pods", "default/web-5");
    await fixture.settle();
    const changed = fixture
      .all("endpointslices")
      .filter((slice) => before.get(slice.metadata.name) !== slice.metadata.resourceVersion);
    assert.equal(changed.length, 1);
    assert.equal(
      sizes().reduce((sum, size) => sum + size, 0),
      229,
    );
    const gauges = ["endpoints_desired", "num_endpoint_slices", "desired_endpoint_slices"];
    assert.deepEqual(gauges.flatMap(series), [
      "endpoints_desired 229",
      "num_endpoint_slices 3",
      "desired_endpoint_slices 3",
    ]);
    assert.equal(moved("removed") - removed, 1);
    await fixture.remove("services", "default/web");
    await fixture.settle();
    assert.deepEqual(gauges.flatMap(series), [
      "endpoints_desired 0",
      "num_endpoint_slices 0",
      "desired_endpoint_slices 0",
    ]);
  });
});

test("pods whose named port differs are in slices of their own", async () => {
  await withControllers([endpointSliceController], async (fixture) => {
    await fixture.put("services", service());
    for (const [name, port] of [
      ["a", 1],
      ["b", 2],
    ] as const) {
      await fixture.put("pods", pod(name, port));
      makeReady(fixture, pod(name));
    }
    await fixture.settle();
    assert.deepEqual(
      fixture
        .all("endpointslices")
        .map((slice) => slice.ports?.[0]?.port)
        .sort(),
      [1, 2],
    );
  });
});

test("endpoints that could not be made say so, and are made when it is possible", async () => {
  await withControllers([endpointsController], async (fixture) => {
    const stop = fixture.client.react(({ resource, verb }) => {
      if (resource === "endpoints" && verb === "create") throw new Error("no room");
    });
    await fixture.put("services", service());
    await fixture.settle();
    assert.deepEqual(
      new Set(fixture.events("web")),
      new Set(["Warning FailedToCreateEndpoint: Failed to create endpoint for service default/web: no room"]),
    );
    assert.equal(fixture.get("endpoints", "default/web"), undefined);
    stop();
    await fixture.advance(20_000);
    assert.ok(fixture.get("endpoints", "default/web"));
    await pods(fixture, 3);
    await fixture.settle();
    const addresses = fixture.get("endpoints", "default/web")?.subsets?.flatMap((subset) => subset.addresses ?? []);
    assert.deepEqual(
      addresses?.map(({ ip }) => ip),
      ["10.0.0.0", "10.0.0.1", "10.0.0.2"],
    );
  });
});
