import type { SchedulerPlugin } from "../framework/contract.ts";
import type { VolumeListers } from "../volumes/listers.ts";
import type { VolumeWriter } from "../volumes/volume-writer.ts";
import { imageLocality } from "./image-locality.ts";
import { interPodAffinity, type NamespaceLabels } from "./inter-pod-affinity.ts";
import { nodeAffinity } from "./node-affinity.ts";
import { nodeName } from "./node-name.ts";
import { nodePorts } from "./node-ports.ts";
import { nodeResourcesBalancedAllocation } from "./node-resources-balanced-allocation.ts";
import { nodeResourcesFit } from "./node-resources-fit.ts";
import { nodeUnschedulable } from "./node-unschedulable.ts";
import { podTopologySpread, type SiblingSelector } from "./pod-topology-spread.ts";
import { schedulingGates } from "./scheduling-gates.ts";
import { taintToleration } from "./taint-toleration.ts";
import { volumeBinding } from "./volume-binding.ts";

export interface PluginInputs {
  readonly namespaceLabels: NamespaceLabels;
  readonly siblings: SiblingSelector;
  readonly volumes: VolumeListers;
  readonly volumeWriter: VolumeWriter;
}

/** The default plug-ins, in upstream's order; each is asked only for the steps it has. */
export function defaultPlugins(inputs: PluginInputs): readonly SchedulerPlugin[] {
  return [
    schedulingGates,
    nodeUnschedulable,
    nodeName,
    taintToleration,
    nodeAffinity,
    nodePorts,
    nodeResourcesFit,
    volumeBinding(inputs.volumes, inputs.volumeWriter),
    podTopologySpread(inputs.siblings),
    interPodAffinity(inputs.namespaceLabels),
    nodeResourcesBalancedAllocation,
    imageLocality,
  ];
}
