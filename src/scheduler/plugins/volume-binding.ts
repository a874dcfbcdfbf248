import type { Pod } from "../../api/index.ts";
import type { Refusal, SchedulerPlugin } from "../framework/contract.ts";
import { findVolumes, type VolumePlan } from "../volumes/find-volumes.ts";
import type { VolumeListers } from "../volumes/listers.ts";
import { podClaims } from "../volumes/pod-claims.ts";
import type { VolumeWriter } from "../volumes/volume-writer.ts";

const name = "VolumeBinding";

/**
 * Pods with claims go where their volumes are. Claims that wait for their first consumer get volumes that the node
 * reaches, or have their provisioner told which node it is; the pod is bound after its claims.
 */
export function volumeBinding(listers: VolumeListers, writer: VolumeWriter): SchedulerPlugin {
  /** What the cycle has found, by node. A cycle is synchronous, so there is one at a time. */
  let plans = new Map<string, VolumePlan>();
  const reserved = new Map<string, VolumePlan>();
  /** Volumes promised to pods whose bindings are not written yet. */
  const taken = new Map<string, string>();
  const release = (uid: string): void => {
    for (const { volume } of reserved.get(uid)?.bindings ?? []) taken.delete(volume.metadata.name ?? "");
    reserved.delete(uid);
  };
  return {
    name,
    events: ["StorageChange", "NodeAdd", "NodeUpdateLabel", "PodUpdate"],
    filter(pod, nodes) {
      plans = new Map();
      const claims = podClaims(pod, listers);
      if (claims === undefined) return undefined;
      if (typeof claims === "string") return { plugin: name, reason: claims };
      if (claims.immediate.length > 0)
        return { plugin: name, reason: "pod has unbound immediate PersistentVolumeClaims" };
      return (row): Refusal | undefined => {
        const node = nodes.node(row);
        const found = findVolumes(claims, node, listers, (volume) => taken.has(volume));
        if ("reason" in found) return found;
        plans.set(node.metadata.name ?? "", found);
        return undefined;
      };
    },
    reserve(pod: Pod, node: string) {
      const plan = plans.get(node);
      if (plan === undefined || plan.bindings.length + plan.provisions.length === 0) return;
      const { uid = "" } = pod.metadata;
      reserved.set(uid, plan);
      for (const { volume } of plan.bindings) taken.set(volume.metadata.name ?? "", uid);
    },
    unreserve: (pod) => release(pod.metadata.uid ?? ""),
    preBind(pod, node, signal) {
      const { uid = "" } = pod.metadata;
      const plan = reserved.get(uid);
      return plan === undefined ? undefined : writer.carryOut(pod, node, plan, signal).then(() => release(uid));
    },
  };
}
