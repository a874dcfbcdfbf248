import type { Node } from "../../../api/index.ts";
import { semanticEqual } from "../../../apimachinery/index.ts";
import { nodeNameOf } from "../../authz/index.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "../contract.ts";
import type { ClusterObjects } from "../objects.ts";
import { refuse } from "../refuse.ts";
import { checkClaim, checkPod, checkSlice, checkToken } from "./node-objects.ts";

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
    handles: (operation, resource) =>
      operation !== "CONNECT" && restricted.has(`${resource.group}/${resource.resource}`),
    validate(attributes) {
      const node = nodeNameOf(attributes.context.user);
      if (node === undefined) return;
      const { group, resource } = attributes.resource;
      switch (`${group}/${resource}`) {
        case "/pods":
          return checkPod({ attributes, node, objects });
        case "/nodes":
          return checkNode(attributes, node);
        case "/persistentvolumeclaims":
          return checkClaim(attributes, node);
        case "/serviceaccounts":
          return checkToken({ attributes, node, objects });
        case "coordination.k8s.io/leases":
          return checkLease(attributes, node);
        case "storage.k8s.io/csinodes":
          return checkOwnName(attributes, node, "CSINode");
        case "resource.k8s.io/resourceslices":
          return checkSlice(attributes, node);
      }
    },
  };
}

const restricted = new Set([
  "/pods",
  "/nodes",
  "/persistentvolumeclaims",
  "/serviceaccounts",
  "coordination.k8s.io/leases",
  "storage.k8s.io/csinodes",
  "resource.k8s.io/resourceslices",
]);

function checkNode(attributes: AdmissionAttributes, node: string): void {
  const { operation, name } = attributes;
  const [object, old] = [attributes.object as Node | undefined, attributes.oldObject as Node | undefined];
  const own = JSON.stringify(node);
  const target = name !== "" ? name : (object?.metadata.name ?? "");
  if (target !== node) throw refuse(attributes, `node ${own} is not allowed to modify node ${JSON.stringify(target)}`);
  const source = object?.spec?.configSource;
  if (operation === "CREATE") {
    if (source !== undefined)
      throw refuse(attributes, `node ${own} is not allowed to create pods with a non-nil configSource`);
    const labels = reservedChanges(object, undefined);
    if (labels === "") return;
    throw refuse(attributes, `node ${own} is not allowed to set the following labels: ${labels}`);
  }
  if (operation !== "UPDATE") return;
  if (source !== undefined && !semanticEqual(source, old?.spec?.configSource))
    throw refuse(attributes, `node ${own} is not allowed to update configSource to a new non-nil configSource`);
  if (!semanticEqual(object?.spec?.taints, old?.spec?.taints))
    throw refuse(attributes, `node ${own} is not allowed to modify taints`);
  const labels = reservedChanges(object, old);
  if (labels !== "") throw refuse(attributes, `is not allowed to modify labels: ${labels}`);
}

function reservedChanges(object: Node | undefined, old: Node | undefined): string {
  const now = object?.metadata.labels ?? {};
  const before = old?.metadata.labels ?? {};
  const changed = [...new Set([...Object.keys(now), ...Object.keys(before)])].filter((key) => now[key] !== before[key]);
  return changed.filter(isReserved).toSorted().join(", ");
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
