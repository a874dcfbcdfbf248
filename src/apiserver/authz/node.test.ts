import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AuthorizationAttributes } from "./contract.ts";
import { nodeAuthorizer } from "./node.ts";
import { type GraphPod, NodeGraph } from "./node-graph.ts";

const kubelet = { name: "system:node:a", groups: ["system:nodes", "system:authenticated"] };
const signal = new AbortController().signal;

function ask(graph: NodeGraph, verb: string, resource: string, more: Partial<AuthorizationAttributes>): string {
  const attributes: AuthorizationAttributes = {
    user: kubelet,
    verb,
    isResourceRequest: true,
    path: "",
    apiGroup: "",
    apiVersion: "v1",
    namespace: "default",
    resource,
    subresource: "",
    name: "",
    ...more,
  };
  const decision = nodeAuthorizer(graph, []).authorize(attributes, signal);
  assert.ok(!(decision instanceof Promise));
  return decision.decision;
}

const pod = (node: string): GraphPod => ({
  metadata: { name: "web", namespace: "default" },
  spec: {
    nodeName: node,
    serviceAccountName: "default",
    containers: [{ envFrom: [{ secretRef: { name: "env" } }] }],
    volumes: [
      { name: "v", secret: { secretName: "files" } },
      { name: "d", persistentVolumeClaim: { claimName: "data" } },
    ],
  },
});

describe("node authorizer", () => {
  it("lets a kubelet read what its pods refer to, and nothing once they are gone", () => {
    const graph = new NodeGraph();
    graph.upsertPod(pod("a"));
    assert.equal(ask(graph, "get", "secrets", { name: "env" }), "allow");
    assert.equal(ask(graph, "get", "secrets", { name: "files" }), "allow");
    assert.equal(ask(graph, "get", "secrets", { name: "other" }), "no-opinion");
    assert.equal(ask(graph, "create", "serviceaccounts", { name: "default", subresource: "token" }), "allow");
    graph.upsertVolume("pv1", "default/data", ["default/csi"]);
    assert.equal(ask(graph, "get", "persistentvolumes", { name: "pv1", namespace: "" }), "allow");
    assert.equal(ask(graph, "get", "secrets", { name: "csi" }), "allow");
    graph.removePod(pod("a"));
    assert.equal(ask(graph, "get", "secrets", { name: "env" }), "no-opinion");
    assert.equal(ask(graph, "get", "persistentvolumes", { name: "pv1", namespace: "" }), "no-opinion");
  });

  it("gives a kubelet its own resource slices", () => {
    const graph = new NodeGraph();
    graph.upsertSlice("mine", "a");
    graph.upsertSlice("other", "b");
    const slices = (verb: string, more: Partial<AuthorizationAttributes>) =>
      ask(graph, verb, "resourceslices", { apiGroup: "resource.k8s.io", namespace: "", ...more });
    assert.equal(slices("create", {}), "allow");
    for (const verb of ["get", "update", "patch", "delete"]) {
      assert.equal(slices(verb, { name: "mine" }), "allow", verb);
      assert.equal(slices(verb, { name: "other" }), "no-opinion", verb);
    }
    assert.equal(slices("list", {}), "no-opinion");
    assert.equal(slices("deletecollection", { fieldSelector: "spec.nodeName=a" }), "allow");
    assert.equal(slices("update", { name: "mine", subresource: "status" }), "no-opinion");
    graph.removeSlice("mine");
    assert.equal(slices("get", { name: "mine" }), "no-opinion");
  });

  it("keeps other nodes' pods away", () => {
    const graph = new NodeGraph();
    graph.upsertPod(pod("b"));
    assert.equal(ask(graph, "get", "secrets", { name: "env" }), "no-opinion");
    assert.equal(ask(graph, "list", "pods", { fieldSelector: "spec.nodeName=b" }), "no-opinion");
    assert.equal(ask(graph, "list", "pods", { fieldSelector: "spec.nodeName=a" }), "allow");
  });

  it("guards leases by namespace and name", () => {
    const lease = (more: Partial<AuthorizationAttributes>) =>
      ask(new NodeGraph(), "update", "leases", { apiGroup: "coordination.k8s.io", ...more });
    assert.equal(lease({ namespace: "kube-node-lease", name: "a" }), "allow");
    assert.equal(lease({ namespace: "kube-node-lease", name: "b" }), "no-opinion");
    assert.equal(lease({ namespace: "default", name: "a" }), "no-opinion");
  });
});
