import type { KubeObject } from "../../../apimachinery/index.ts";
import type { Node, Pod } from "../../../api/index.ts";
import { nodeNameOf } from "../../authz/index.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "../contract.ts";
import type { ClusterObjects } from "../objects.ts";
import { isResource, refuse } from "../refuse.ts";

const mirrorAnnotation = "kubernetes.io/config.mirror";
/** Labels of the reserved domains that a kubelet may set on its own Node. */
const kubeletLabels = new Set([
  "kubernetes.io/hostname",
  "kubernetes.io/arch",
  "kubernetes.io/os",
  "beta.kubernetes.io/arch",
  "beta.kubernetes.io/os",
  "beta.kubernetes.io/instance-type",
  "node.kubernetes.io/instance-type",
  "failure-domain.beta.kubernetes.io/zone",
  "failure-domain.beta.kubernetes.io/region",
  "topology.kubernetes.io/zone",
  "topology.kubernetes.io/region",
]);

/** A kubelet writes only its own Node and the pods bound to it. Upstream: NodeRestriction, which kubeadm turns on. */
export function nodeRestriction(objects: ClusterObjects): AdmissionPlugin {
  return {
    name: "NodeRestriction",
    handles: (operation) => operation !== "CONNECT",
    validate(attributes) {
      const node = nodeNameOf(attributes.context.user);
      if (node === undefined) return;
      const { resource } = attributes;
      if (isResource(resource, "", "pods")) checkPod(attributes, node, objects);
      else if (isResource(resource, "", "nodes")) checkNode(attributes, node);
      else if (isResource(resource, "coordination.k8s.io", "leases")) checkLease(attributes, node);
      else if (isResource(resource, "storage.k8s.io", "csinodes")) checkOwnName(attributes, node, "CSINode");
    },
  };
}

function checkPod(attributes: AdmissionAttributes, node: string, objects: ClusterObjects): void {
  const { operation, subresource, object, oldObject, namespace, name } = attributes;
  if (subresource === "eviction" || operation === "DELETE") {
    const pod = (oldObject as Pod | undefined) ?? objects.get<Pod>("", "pods", namespace, name);
    if (pod !== undefined && pod.spec?.nodeName !== node) {
      throw refuse(
        attributes,
        `node ${JSON.stringify(node)} can only ${subresource === "eviction" ? "evict" : "delete"} pods with spec.nodeName set to itself`,
      );
    }
    return;
  }
  if (operation === "CREATE" && subresource === "") return checkMirror(attributes, node);
  if (operation === "UPDATE" && subresource === "status") {
    if ((oldObject as Pod).spec?.nodeName !== node) {
      throw refuse(
        attributes,
        `node ${JSON.stringify(node)} can only update pod status for pods with spec.nodeName set to itself`,
      );
    }
    if (JSON.stringify(object?.metadata.labels ?? {}) !== JSON.stringify(oldObject?.metadata.labels ?? {})) {
      throw refuse(attributes, `node ${JSON.stringify(node)} cannot update labels through pod status`);
    }
    return;
  }
  throw refuse(attributes, `unexpected operation ${JSON.stringify(operation)}`);
}

function checkMirror(attributes: AdmissionAttributes, node: string): void {
  const pod = attributes.object as Pod;
  if (pod.metadata.annotations?.[mirrorAnnotation] === undefined) {
    throw refuse(
      attributes,
      `pod does not have ${JSON.stringify(mirrorAnnotation)} annotation, node ${JSON.stringify(node)} can only create mirror pods`,
    );
  }
  if (pod.spec?.nodeName !== node)
    throw refuse(attributes, `node ${JSON.stringify(node)} can only create pods with spec.nodeName set to itself`);
  const owners = pod.metadata.ownerReferences ?? [];
  if (owners.some((owner) => owner.kind !== "Node" || owner.name !== node)) {
    throw refuse(attributes, `node ${JSON.stringify(node)} can only create pods with an owner reference set to itself`);
  }
}

function checkNode(attributes: AdmissionAttributes, node: string): void {
  const { operation, name, object, oldObject } = attributes;
  const target = name !== "" ? name : (object?.metadata.name ?? "");
  if (target !== node)
    throw refuse(attributes, `node ${JSON.stringify(node)} is not allowed to modify node ${JSON.stringify(target)}`);
  if (operation === "CREATE") return checkLabels(attributes, node, object, undefined);
  if (operation !== "UPDATE") return;
  const taints = (of: KubeObject | undefined) => JSON.stringify((of as Node | undefined)?.spec?.taints ?? []);
  if (taints(object) !== taints(oldObject))
    throw refuse(attributes, `node ${JSON.stringify(node)} is not allowed to modify taints`);
  checkLabels(attributes, node, object, oldObject);
}

function checkLabels(
  attributes: AdmissionAttributes,
  node: string,
  object: KubeObject | undefined,
  old: KubeObject | undefined,
): void {
  const now = object?.metadata.labels ?? {};
  const before = old?.metadata.labels ?? {};
  const changed = [...new Set([...Object.keys(now), ...Object.keys(before)])].filter((key) => now[key] !== before[key]);
  const refused = changed.filter((key) => isReserved(key)).toSorted();
  if (refused.length > 0)
    throw refuse(
      attributes,
      `is not allowed to modify labels: ${refused.join(", ")}`.replace(/^/, `node ${JSON.stringify(node)} `),
    );
}

function isReserved(key: string): boolean {
  const domain = key.includes("/") ? key.slice(0, key.indexOf("/")) : "";
  const within = (suffix: string) => domain === suffix || domain.endsWith(`.${suffix}`);
  if (within("node-restriction.kubernetes.io")) return true;
  if (!within("kubernetes.io") && !within("k8s.io")) return false;
  return !kubeletLabels.has(key) && !within("kubelet.kubernetes.io") && !within("node.kubernetes.io");
}

function checkLease(attributes: AdmissionAttributes, node: string): void {
  if (attributes.namespace !== "kube-node-lease") {
    throw refuse(attributes, 'can only access leases in the "kube-node-lease" system namespace');
  }
  checkOwnName(attributes, node, "node lease");
}

function checkOwnName(attributes: AdmissionAttributes, node: string, what: string): void {
  const name = attributes.name !== "" ? attributes.name : (attributes.object?.metadata.name ?? "");
  if (name !== node) throw refuse(attributes, `can only access ${what} with the same name as the requesting node`);
}
