import assert from "node:assert/strict";
import { test } from "node:test";
import type { CustomResourceDefinition } from "../api/index.ts";
import type { GroupVersionResource, KubeObject } from "../apimachinery/index.ts";
import { isAlreadyExists } from "../client/index.ts";
import { Controller } from "../reconcile/index.ts";
import { refusal, type VirtualCluster, withVirtualCluster } from "./index.ts";

// A worked example for the guide: an operator and the test of it, on virtual time.

/** What the operator's users write: how many replicas of a page there are to be. */
interface Site extends KubeObject {
  readonly spec: { readonly replicas: number };
  readonly status?: { readonly observedReplicas: number };
}

const sites: GroupVersionResource = { group: "example.com", version: "v1", resource: "sites" };

const definition: CustomResourceDefinition = {
  metadata: { name: "sites.example.com" },
  spec: {
    group: "example.com",
    scope: "Namespaced",
    names: { plural: "sites", singular: "site", kind: "Site" },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: {
            type: "object",
            properties: {
              spec: {
                type: "object",
                required: ["replicas"],
                properties: { replicas: { type: "integer", maximum: 5 } },
              },
              status: { type: "object", properties: { observedReplicas: { type: "integer" } } },
            },
          },
        },
      },
    ],
  },
};

/** The operator: a Deployment for each Site, and how it is in the Site's status. */
function siteController({ api: { deployments }, client, clock, informers, log }: VirtualCluster): Controller {
  const known = informers.informer<Site>(sites);
  const reconcile = async (key: string): Promise<void> => {
    const site = known.lister.get(key);
    if (site === undefined) return;
    const { name = "", namespace = "", uid = "" } = site.metadata;
    const labels = { site: name };
    const owner = { apiVersion: "example.com/v1", kind: "Site", name, uid, controller: true };
    const template = { metadata: { labels }, spec: { containers: [{ name: "page", image: "nginx:1" }] } };
    const spec = { replicas: site.spec.replicas, selector: { matchLabels: labels }, template };
    const here = deployments.namespace(namespace);
    try {
      await here.create({ metadata: { name, ownerReferences: [owner] }, spec });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      await here.patch(name, { type: "merge", body: { spec: { replicas: spec.replicas } } });
    }
    const status = { observedReplicas: spec.replicas };
    const resource = client.resource<Site>(sites).namespace(namespace);
    await resource.patch(name, { type: "merge", body: { status } }, { subresource: "status" });
  };
  const controller = new Controller({ name: "sites", reconciler: { reconcile }, clock, log });
  return controller.watch(known, ({ metadata }) => [`${metadata.namespace}/${metadata.name}`]);
}

test("an operator makes a Deployment for each Site, keeps it to size, and leaves nothing behind", () =>
  withVirtualCluster(async (cluster) => {
    const { api, client, clock } = cluster;
    await api.customresourcedefinitions.create(definition);
    await clock.advance(1_000);
    cluster.start(siteController(cluster));

    const ours = client.resource<Site>(sites).namespace("default");
    const site = { apiVersion: "example.com/v1", kind: "Site", metadata: { name: "home" }, spec: { replicas: 2 } };
    await ours.create(site);
    await clock.advance(5_000);
    const pods = async () => (await api.pods.list({ labelSelector: "site=home" })).items.length;
    assert.equal(await pods(), 2);
    assert.equal((await ours.get("home")).status?.observedReplicas, 2);

    await ours.patch("home", { type: "merge", body: { spec: { replicas: 3 } } });
    await clock.advance(5_000);
    assert.equal(await pods(), 3);
    const tooMany = { type: "merge", body: { spec: { replicas: 9 } } } as const;
    const { message } = await refusal(ours.patch("home", tooMany));
    assert.match(message ?? "", /spec\.replicas: Invalid value: 9: .*less than or equal to 5/);

    await ours.delete("home");
    await clock.advance(60_000);
    assert.equal(await pods(), 0, "the garbage collector follows the owner references");
  }));
