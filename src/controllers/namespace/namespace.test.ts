import assert from "node:assert/strict";
import { test } from "node:test";
import { kinds } from "../../client/index.ts";
import { type Fixture, withControllers } from "../fixture.ts";
import { rootCaCertificatePublisherController } from "../root-ca-certificate-publisher/root-ca-certificate-publisher-controller.ts";
import { serviceAccountController } from "../serviceaccount/serviceaccount-controller.ts";
import { namespaceController } from "./namespace-controller.ts";

const namespace = {
  metadata: { name: "shop" },
  spec: { finalizers: ["kubernetes"] },
  status: { phase: "Active" as const },
};

async function deleteNamespace(fixture: Fixture): Promise<void> {
  fixture.force("namespaces", "shop", (changed) => {
    changed.metadata.deletionTimestamp = "2026-01-01T00:00:00Z";
  });
}

test("a namespace gets its default account and the CA, and again when they are removed", async () => {
  const config = { rootCa: "PEM" };
  await withControllers(
    [serviceAccountController, rootCaCertificatePublisherController],
    async (fixture) => {
      await fixture.put("namespaces", namespace);
      await fixture.settle();
      assert.ok(fixture.get("serviceaccounts", "shop/default"));
      assert.deepEqual(fixture.get("configmaps", "shop/kube-root-ca.crt")?.data, { "ca.crt": "PEM" });
      await fixture.remove("serviceaccounts", "shop/default");
      await fixture.change("configmaps", "shop/kube-root-ca.crt", (map) => {
        map.data = { "ca.crt": "wrong" };
      });
      await fixture.settle();
      assert.ok(fixture.get("serviceaccounts", "shop/default"));
      assert.deepEqual(fixture.get("configmaps", "shop/kube-root-ca.crt")?.data, { "ca.crt": "PEM" });
      assert.match(fixture.registry.render().body, /^root_ca_cert_publisher_sync_total\{code="200"\} [1-9]/m);
    },
    { config },
  );
});

test("a namespace is emptied, pods first, and says what it waits for", async () => {
  await withControllers([namespaceController], async (fixture) => {
    fixture.client.serveDiscovery([kinds.pods, kinds.configmaps]);
    await fixture.put("namespaces", namespace);
    const pod = {
      metadata: { name: "a", namespace: "shop", finalizers: ["example.com/hold"] },
      spec: { containers: [] },
    };
    await fixture.put("pods", pod);
    await fixture.put(
      "configmaps",
      { metadata: { name: "m", namespace: "shop" } },
      { metadata: { name: "m", namespace: "other" } },
    );
    await deleteNamespace(fixture);
    await fixture.advance(6_000);
    const conditions = fixture.get("namespaces", "shop")?.status?.conditions ?? [];
    assert.deepEqual(
      conditions.filter(({ status }) => status === "True").map(({ reason, message }) => `${reason}: ${message}`),
      [
        "SomeResourcesRemain: Some resources are remaining: pods. has 1 resource instances",
        "SomeFinalizersRemain: Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances",
      ],
    );
    assert.ok(fixture.get("configmaps", "shop/m"), "pods go first");
    await fixture.change("pods", "shop/a", (changed) => {
      changed.metadata.finalizers = [];
    });
    await fixture.advance(30_000);
    assert.equal(fixture.get("configmaps", "shop/m"), undefined);
    assert.ok(fixture.get("configmaps", "other/m"));
    assert.equal(fixture.get("namespaces", "shop"), undefined);
  });
});
