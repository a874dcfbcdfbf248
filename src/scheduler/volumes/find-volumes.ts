import type {
  CSIStorageCapacity,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
} from "../../api/index.ts";
import { parseQuantity, selectorFromObject } from "../../apimachinery/index.ts";
import {
  bestVolume,
  isVolumeReachable,
  requestedStorage,
  storageClassOf,
  volumeAnnotations,
} from "../../reconcile/index.ts";
import type { Refusal } from "../framework/contract.ts";
import type { VolumeListers } from "./listers.ts";
import type { PodClaims } from "./pod-claims.ts";

const { noProvisioner, selectedNode } = volumeAnnotations;

/** What has to be written before a pod can go to a node. */
export interface VolumePlan {
  readonly bindings: readonly { readonly claim: PersistentVolumeClaim; readonly volume: PersistentVolume }[];
  /** Claims whose provisioner is to make volumes that the node reaches. */
  readonly provisions: readonly PersistentVolumeClaim[];
}

const refusal = (reason: string): Refusal => ({ plugin: "VolumeBinding", reason, resolvable: false });
const lost = refusal("node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)");
const unreachable = refusal("node(s) didn't match PersistentVolume's node affinity");
const noVolume = refusal("node(s) didn't find available persistent volumes to bind");
const noSpace = refusal("node(s) did not have enough free storage");

/** Volumes for all claims of a pod on this node, or why there are none. `isTaken`: promised to other pods. */
export function findVolumes(
  { bound, delayed }: PodClaims,
  node: Node,
  listers: VolumeListers,
  isTaken: (volume: string) => boolean,
): VolumePlan | Refusal {
  for (const claim of bound) {
    const volume = listers.volume(claim.spec.volumeName ?? "");
    if (volume === undefined) return lost;
    if (!isVolumeReachable(volume, node)) return unreachable;
  }
  const bindings: VolumePlan["bindings"][number][] = [];
  const provisions: PersistentVolumeClaim[] = [];
  const chosen = new Set<string>();
  for (const claim of delayed.toSorted((a, b) => requestedStorage(a).compare(requestedStorage(b)))) {
    const decided = claim.metadata.annotations?.[selectedNode];
    if (decided !== undefined) {
      if (decided !== node.metadata.name) return noVolume;
      provisions.push(claim);
      continue;
    }
    const isFree = ({ metadata: { name = "" } }: PersistentVolume) => !chosen.has(name) && !isTaken(name);
    const volume = bestVolume(claim, [...listers.volumes()].filter(isFree), node);
    if (volume === undefined) provisions.push(claim);
    else {
      chosen.add(volume.metadata.name ?? "");
      bindings.push({ claim, volume });
    }
  }
  for (const claim of provisions) {
    const problem = provisionProblem(claim, node, listers);
    if (problem !== undefined) return problem;
  }
  return { bindings, provisions };
}

function provisionProblem(claim: PersistentVolumeClaim, node: Node, listers: VolumeListers): Refusal | undefined {
  const storageClass = listers.storageClass(storageClassOf(claim));
  const provisioner = storageClass?.provisioner ?? "";
  if (storageClass === undefined || provisioner === "" || provisioner === noProvisioner) return noVolume;
  if (!isTopologyAllowed(storageClass, node)) return noVolume;
  if (listers.driver(provisioner)?.spec.storageCapacity !== true) return undefined;
  for (const capacity of listers.capacities())
    if (capacity.storageClassName === storageClass.metadata.name && suffices(capacity, claim, node)) return undefined;
  return noSpace;
}

function isTopologyAllowed({ allowedTopologies = [] }: StorageClass, node: Node): boolean {
  if (allowedTopologies.length === 0) return true;
  return allowedTopologies.some(
    ({ matchLabelExpressions = [] }) =>
      matchLabelExpressions.length > 0 &&
      matchLabelExpressions.every(({ key, values }) => values.includes(node.metadata.labels?.[key] ?? "")),
  );
}

/** A driver's largest volume counts before what it has in all: upstream's `capacitySufficient`. */
function suffices(capacity: CSIStorageCapacity, claim: PersistentVolumeClaim, node: Node): boolean {
  const limit = capacity.maximumVolumeSize ?? capacity.capacity;
  if (limit === undefined || parseQuantity(limit).compare(requestedStorage(claim)) < 0) return false;
  return capacity.nodeTopology !== undefined && selectorFromObject(capacity.nodeTopology).matches(node.metadata.labels);
}
