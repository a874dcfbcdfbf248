import assert from "node:assert/strict";
import { test } from "node:test";
import type { PodSpec } from "../../../api/index.ts";
import type { KubeObject } from "../../../apimachinery/index.ts";
import type { WriteContext } from "../contract.ts";
import { builtInStrategies } from "../strategies.ts";

const context = { request: { warn: () => undefined } } as unknown as WriteContext;

const used = (): PodSpec =>
  ({
    schedulingGroup: { podGroupName: "g" },
    containers: [
      { name: "a", lifecycle: { stopSignal: "SIGUSR1" } },
      { name: "b", lifecycle: { stopSignal: "SIGUSR1", preStop: { sleep: { seconds: 1 } } } },
    ],
    volumes: [
      {
        name: "v",
        projected: {
          sources: [{ clusterTrustBundle: { path: "p" } }, { podCertificate: {} }, { secret: { name: "s" } }],
        },
      },
    ],
  }) as unknown as PodSpec;

const dropped = {
  containers: [{ name: "a" }, { name: "b", lifecycle: { preStop: { sleep: { seconds: 1 } } } }],
  volumes: [{ name: "v", projected: { sources: [{}, {}, { secret: { name: "s" } }] } }],
};

const holders: Readonly<Record<string, (spec: PodSpec) => object>> = {
  "/pods": (spec) => ({ spec }),
  "/podtemplates": (spec) => ({ template: { spec } }),
  "/replicationcontrollers": (spec) => ({ spec: { template: { spec } } }),
  "apps/daemonsets": (spec) => ({ spec: { template: { spec } } }),
  "apps/deployments": (spec) => ({ spec: { template: { spec } } }),
  "apps/replicasets": (spec) => ({ spec: { template: { spec } } }),
  "apps/statefulsets": (spec) => ({ spec: { template: { spec } } }),
  "batch/jobs": (spec) => ({ spec: { manualSelector: true, template: { spec } } }),
  "batch/cronjobs": (spec) => ({ spec: { jobTemplate: { spec: { template: { spec } } } } }),
};

for (const [resource, around] of Object.entries(holders)) {
  test(`${resource}: fields whose gate is off go, unless the old object has them`, () => {
    const strategy = builtInStrategies.get(resource);
    const object = (spec: PodSpec) => ({ metadata: { name: "x" }, ...around(spec) }) as unknown as KubeObject;
    const created = used();
    strategy?.prepareForCreate?.(object(created), context);
    assert.deepEqual(created, dropped);
    const updated = used();
    strategy?.prepareForUpdate?.(object(updated), object(structuredClone(dropped) as PodSpec), context);
    assert.deepEqual(updated, dropped);
    const kept = used();
    strategy?.prepareForUpdate?.(object(kept), object(used()), context);
    assert.deepEqual(kept, used());
  });
}
