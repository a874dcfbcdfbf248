import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { FlowSchema, PriorityLevelConfiguration } from "../../api/index.ts";
import { RealClock } from "../../base/index.ts";
import type { Client } from "../../client/index.ts";
import { createMemoryStore } from "../../storage/index.ts";
import { startStandardControlPlane, type TestControlPlane } from "../../testing/index.ts";

const store = createMemoryStore({ clock: new RealClock() });
let plane: TestControlPlane;
const flowcontrol = { group: "flowcontrol.apiserver.k8s.io", version: "v1" };
const schemasOf = (client: Client) => client.resource<FlowSchema>({ ...flowcontrol, resource: "flowschemas" });
const levelsOf = (client: Client) =>
  client.resource<PriorityLevelConfiguration>({ ...flowcontrol, resource: "prioritylevelconfigurations" });
const annotation = "apf.kubernetes.io/autoupdate-spec";

before(async () => {
  plane = await startStandardControlPlane({ store });
});

after(async () => {
  await plane.halt();
  await store.close();
});

test("conditions are applied by the consumer, all else is written by the producer", async () => {
  const { metadata, status } = await schemasOf(plane.client).get("catch-all");
  assert.equal(status?.conditions?.[0]?.reason, "Found");
  const managers = (metadata.managedFields ?? []).map(({ manager, operation, subresource = "" }) =>
    [manager, operation, subresource].join(" "),
  );
  assert.deepEqual(managers.toSorted(), [
    "api-priority-and-fairness-config-consumer-v1 Apply status",
    "api-priority-and-fairness-config-producer-v1 Update ",
  ]);
});

test("what earlier releases started with goes, what is somebody's own stays", async () => {
  const schema = (await schemasOf(plane.client).get("global-default")).spec;
  const level = (await levelsOf(plane.client).get("workload-low")).spec;
  const annotated = (name: string, value?: string) => ({
    metadata: { name, ...(value === undefined ? {} : { annotations: { [annotation]: value } }) },
  });
  for (const [name, value] of [["old", "true"], ["kept", "false"], ["plain"], ["odd", "maybe"]] as const) {
    await schemasOf(plane.client).create({ ...annotated(name, value), spec: schema });
    await levelsOf(plane.client).create({ ...annotated(name, value), spec: level });
  }
  const changed = structuredClone(await levelsOf(plane.client).get("workload-high"));
  delete changed.metadata.annotations;
  const limited = { ...changed.spec.limited, nominalConcurrencyShares: 77 };
  await levelsOf(plane.client).update({ ...changed, spec: { ...changed.spec, limited } });

  await plane.halt();
  plane = await startStandardControlPlane({ store });
  const names = async (list: Promise<{ items: readonly { metadata: { name?: string } }[] }>) =>
    (await list).items.map(({ metadata }) => metadata.name ?? "").filter((name) => /^(old|kept|plain|odd)$/.test(name));
  assert.deepEqual(await names(schemasOf(plane.client).list()), ["kept", "odd", "plain"]);
  assert.deepEqual(await names(levelsOf(plane.client).list()), ["kept", "odd", "plain"]);
  const high = await levelsOf(plane.client).get("workload-high");
  assert.equal(high.spec.limited?.nominalConcurrencyShares, 77, "a changed suggestion is its changer's");
  assert.equal(high.metadata.annotations?.[annotation], "false");
});
