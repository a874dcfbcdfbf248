import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod, resourceV1 } from "../../api/index.ts";
import { type Fixture, withControllers } from "../fixture.ts";
import { generateNameOf } from "./pod-claims.ts";
import { resourceClaimController } from "./resourceclaim-controller.ts";

const finalizers = ["resource.kubernetes.io/delete-protection"];
const request = { name: "gpu", exactly: { deviceClassName: "gpu" } };
const spec = { devices: { requests: [request] } };
const allocation: resourceV1.AllocationResult = { devices: { results: [] } };

function pod(changes: { readonly nodeName?: string; readonly claims?: Pod["spec"]["resourceClaims"] } = {}): Pod {
  const { nodeName, claims = [{ name: "gpu", resourceClaimTemplateName: "template" }] } = changes;
  return {
    metadata: { name: "web", namespace: "default" },
    spec: { containers: [], resourceClaims: claims, ...(nodeName === undefined ? {} : { nodeName }) },
    status: { phase: "Pending" },
  };
}

const template = {
  metadata: { name: "template", namespace: "default" },
  spec: { metadata: { labels: { a: "b" }, annotations: { c: "d" } }, spec },
};

const reserve = (fixture: Fixture, key: string, uid: string): void =>
  fixture.force("resourceclaims", key, (claim) => {
    claim.metadata.finalizers = finalizers;
    claim.status = { allocation, reservedFor: [{ resource: "pods", name: "web", uid }] };
  });

test("a pod's claim is made of its template, named in its status, and gone when the pod is done", async () => {
  await withControllers([resourceClaimController], async (fixture) => {
    await fixture.put("pods", pod());
    await fixture.settle();
    const missing = 'resourceclaimtemplate.resource.k8s.io "template" not found';
    assert.deepEqual(fixture.events("web").slice(0, 1), [
      `Warning FailedResourceClaimCreation: PodResourceClaim gpu: resource claim template "template": ${missing}`,
    ]);
    await fixture.put("resourceclaimtemplates", template);
    await fixture.settle();
    const [claim] = fixture.all("resourceclaims");
    const { name = "", labels, annotations, ownerReferences } = claim?.metadata ?? {};
    assert.match(name, /^web-gpu-.{5}$/);
    assert.deepEqual([labels, annotations], [{ a: "b" }, { c: "d", "resource.kubernetes.io/pod-claim-name": "gpu" }]);
    const owner = { apiVersion: "v1", kind: "Pod", name: "web", uid: "uid-web", controller: true };
    assert.deepEqual(ownerReferences, [owner]);
    assert.deepEqual(claim?.spec, spec);
    const statuses = [{ name: "gpu", resourceClaimName: name }];
    assert.deepEqual(fixture.get("pods", "default/web")?.status?.resourceClaimStatuses, statuses);
    assert.match(
      fixture.registry.render().body,
      /resource_claims\{allocated="false",admin_access="false",source="resource_claim_template"\} 1/,
    );

    reserve(fixture, `default/${name}`, "uid-web");
    await fixture.settle();
    assert.equal(fixture.get("resourceclaims", `default/${name}`)?.status?.reservedFor?.length, 1);
    fixture.force("pods", "default/web", ({ status }) => Object.assign(status ?? {}, { phase: "Succeeded" }));
    await fixture.settle();
    assert.deepEqual(fixture.all("resourceclaims"), []);
  });
});

test("a claim made before its pod's status could be written is taken, not made again", async () => {
  await withControllers([resourceClaimController], async (fixture) => {
    await fixture.put("resourceclaimtemplates", template);
    let refusals = 2;
    fixture.client.react(({ verb, subresource }) => {
      if (verb !== "patch" || subresource !== "status") return;
      refusals -= 1;
      if (refusals >= 0) throw new Error("not now");
    });
    await fixture.put("pods", pod());
    await fixture.advance(1_000);
    assert.equal(refusals < 0, true);
    assert.equal(fixture.all("resourceclaims").length, 1);
  });
});

test("a claim is reserved for a pod that was placed by hand, and freed with its last consumer", async () => {
  await withControllers([resourceClaimController], async (fixture) => {
    const claims = [{ name: "gpu", resourceClaimName: "shared" }];
    await fixture.put("pods", pod({ nodeName: "n", claims }));
    await fixture.put("resourceclaims", {
      metadata: { name: "shared", namespace: "default", finalizers },
      spec,
      status: { allocation },
    });
    await fixture.settle();
    const shared = () => fixture.get("resourceclaims", "default/shared");
    const consumer = { resource: "pods", name: "web", uid: "uid-web" };
    assert.deepEqual(shared()?.status?.reservedFor, [consumer]);
    fixture.force("resourceclaims", "default/shared", ({ status }) => {
      status?.reservedFor?.push({ resource: "pods", name: "gone", uid: "x" });
      status?.reservedFor?.push({ apiGroup: "example.com", resource: "things", name: "t", uid: "y" });
    });
    await fixture.settle();
    const things = { apiGroup: "example.com", resource: "things", name: "t", uid: "y" };
    assert.deepEqual(shared()?.status?.reservedFor, [consumer, things]);
    assert.deepEqual(shared()?.status?.allocation, allocation);
    fixture.force("resourceclaims", "default/shared", ({ status }) => void status?.reservedFor?.pop());
    await fixture.remove("pods", "default/web");
    await fixture.settle();
    assert.deepEqual([shared()?.status ?? {}, shared()?.metadata.finalizers], [{}, []]);
  });
});

test("a claim that was allocated and never used is let go when it is deleted", async () => {
  await withControllers([resourceClaimController], async (fixture) => {
    const metadata = { name: "shared", namespace: "default", finalizers };
    await fixture.put("resourceclaims", { metadata, spec, status: { allocation } });
    await fixture.settle();
    assert.deepEqual(fixture.get("resourceclaims", "default/shared")?.status, { allocation });
    await fixture.remove("resourceclaims", "default/shared");
    await fixture.settle();
    assert.equal(fixture.get("resourceclaims", "default/shared")?.metadata.finalizers?.length ?? 0, 0);
  });
});

test("long names of pods and claims are cut by the same share", () => {
  assert.equal(generateNameOf("web", "gpu"), "web-gpu-");
  assert.equal(generateNameOf("p".repeat(60), "c".repeat(20)), `${"p".repeat(41)}-${"c".repeat(13)}`);
});
