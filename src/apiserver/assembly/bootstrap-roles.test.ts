import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createMemoryStore } from "../../storage/index.ts";
import { RealClock } from "../../base/index.ts";
import type { Client } from "../../client/index.ts";
import { startStandardControlPlane, type TestControlPlane } from "../../testing/index.ts";
import type { ClusterRole, RoleBinding } from "../authz/index.ts";

const store = createMemoryStore({ clock: new RealClock() });
let plane: TestControlPlane;
const rbac = { group: "rbac.authorization.k8s.io", version: "v1" };
const rolesOf = (client: Client) => client.resource<ClusterRole>({ ...rbac, resource: "clusterroles" });
const bindingsOf = (client: Client) => client.resource<RoleBinding>({ ...rbac, resource: "clusterrolebindings" });
const viewSelector = { matchLabels: { "rbac.authorization.k8s.io/aggregate-to-view": "true" } };

before(async () => {
  plane = await startStandardControlPlane({ store });
});

after(async () => {
  await plane.halt();
  await store.close();
});

async function restart(): Promise<void> {
  await plane.halt();
  plane = await startStandardControlPlane({ store });
}

test("a start brings back what default roles lack, and leaves what they have more", async () => {
  const roles = rolesOf(plane.client);
  const discovery = structuredClone(await roles.get("system:discovery"));
  const more = { verbs: ["get"], nonResourceURLs: ["/mine"] };
  discovery.metadata.labels = { ...discovery.metadata.labels, "kubernetes.io/bootstrapping": "mine" };
  delete discovery.metadata.annotations;
  await roles.update({ ...discovery, rules: [more] });
  const view = structuredClone(await roles.get("view"));
  const mine = { matchLabels: { mine: "true" } };
  await roles.update({ ...view, aggregationRule: { clusterRoleSelectors: [mine] } });
  const heapster = structuredClone(await roles.get("system:heapster"));
  await roles.update({ ...heapster, aggregationRule: { clusterRoleSelectors: [mine] } });
  const guarded = structuredClone(await roles.get("system:node-bootstrapper"));
  guarded.metadata.annotations = { "rbac.authorization.kubernetes.io/autoupdate": "false" };
  await roles.update({ ...guarded, rules: [] });
  const { labels, annotations } = heapster.metadata;
  await roles.create({
    rules: [more],
    metadata: { name: "system:gone", labels: { ...labels }, annotations: { ...annotations } },
  });

  await restart();
  const now = rolesOf(plane.client);
  const { metadata, rules = [] } = await now.get("system:discovery");
  assert.deepEqual(rules[0], more);
  assert.ok(rules.some(({ nonResourceURLs = [] }) => nonResourceURLs.includes("/healthz")));
  assert.equal(metadata.labels?.["kubernetes.io/bootstrapping"], "mine", "what an object says stays");
  assert.equal(metadata.annotations?.["rbac.authorization.kubernetes.io/autoupdate"], "true");
  assert.deepEqual((await now.get("view")).aggregationRule?.clusterRoleSelectors, [mine, viewSelector]);
  assert.equal((await now.get("system:heapster")).aggregationRule, undefined);
  assert.deepEqual((await now.get("system:node-bootstrapper")).rules ?? [], []);
  assert.equal((await now.get("system:gone")).metadata.name, "system:gone", "roles never vanish");
});

test("a binding of another role is made anew, unless it is guarded", async () => {
  const bindings = bindingsOf(plane.client);
  const swap = async (name: string, autoupdate: string) => {
    const found = await bindings.get(name);
    await bindings.delete(name);
    await bindings.create({
      metadata: { name, annotations: { "rbac.authorization.kubernetes.io/autoupdate": autoupdate } },
      subjects: [...(found.subjects ?? [])],
      roleRef: { ...found.roleRef, name: "cluster-admin" },
    });
  };
  await swap("system:monitoring", "true");
  await swap("system:kube-dns", "false");
  const uid = (await bindings.get("system:monitoring")).metadata.uid;

  await restart();
  const monitoring = await bindingsOf(plane.client).get("system:monitoring");
  assert.equal(monitoring.roleRef.name, "system:monitoring");
  assert.notEqual(monitoring.metadata.uid, uid);
  assert.equal((await bindingsOf(plane.client).get("system:kube-dns")).roleRef.name, "cluster-admin");
});
