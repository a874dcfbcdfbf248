import { podUid } from "../pods/names.ts";
import { type QosClass, qosClass } from "../pods/qos.ts";
import type { Pod } from "../types.ts";

const qosDirectories: Readonly<Record<QosClass, string>> = {
  Guaranteed: "",
  Burstable: "/burstable",
  BestEffort: "/besteffort",
};

/** cgroup paths as upstream's cgroupfs driver names them, under the root that the node was given. */
export function podsCgroup(root: string): string {
  return `${root.replace(/\/+$/, "")}/kubepods`;
}

export function qosCgroup(root: string, qos: QosClass): string {
  return podsCgroup(root) + qosDirectories[qos];
}

export function podCgroup(root: string, pod: Pod): string {
  return `${qosCgroup(root, qosClass(pod))}/pod${podUid(pod)}`;
}
