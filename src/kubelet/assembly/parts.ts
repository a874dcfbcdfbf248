import type { EventBroadcaster, SharedInformer } from "../../client/index.ts";
import type { CgroupManager } from "../cgroups/manager.ts";
import type { KubeletConfiguration } from "../config.ts";
import type { EvictionManager } from "../eviction/manager.ts";
import type { Housekeeper } from "../housekeeper.ts";
import type { ImageGarbage } from "../images/garbage.ts";
import type { KubeletOptions } from "../kubelet.ts";
import type { LogRotation } from "../logs/rotation.ts";
import type { NodeFacts } from "../node/facts.ts";
import type { LeaseKeeper } from "../node/lease.ts";
import type { NodeReporter } from "../node/reporter.ts";
import type { ReferencedObjects } from "../objects/referenced-objects.ts";
import type { Paths } from "../paths.ts";
import type { PodSyncer } from "../pods/syncer.ts";
import type { PodWorkers } from "../pods/workers.ts";
import type { ProbeManager } from "../probes/manager.ts";
import type { Collector } from "../runtime/collector.ts";
import type { Inspector } from "../runtime/inspector.ts";
import type { Killer } from "../runtime/killer.ts";
import type { Relist } from "../runtime/relist.ts";
import type { FilePods } from "../sources/file-pods.ts";
import type { MirrorPods } from "../sources/mirror-pods.ts";
import type { StatsCollector } from "../stats/collector.ts";
import type { StatusManager } from "../status/manager.ts";
import type { ConfigMap, Pod, Secret, Service } from "../types.ts";
import type { VolumeManager } from "../volumes/manager.ts";
import { nodeParts } from "./node-parts.ts";
import { podParts } from "./pod-parts.ts";
import { sharedParts } from "./shared-parts.ts";
import { survey } from "./survey.ts";

/** Used by everything else. */
export interface SharedParts {
  readonly node: NodeFacts;
  readonly paths: Paths;
  readonly broadcaster: EventBroadcaster;
  readonly cgroups: CgroupManager;
  readonly services: SharedInformer<Service>;
  readonly inspector: Inspector;
}

/** What takes care of pods. */
export interface PodParts {
  readonly apiPods: SharedInformer<Pod>;
  readonly filePods: FilePods;
  readonly workers: PodWorkers;
  readonly syncer: PodSyncer;
  readonly probes: ProbeManager;
  readonly statuses: StatusManager;
  readonly configMaps: ReferencedObjects<ConfigMap>;
  readonly secrets: ReferencedObjects<Secret>;
  readonly collector: Collector;
  readonly volumes: VolumeManager;
  readonly killer: Killer;
}

/** What takes care of the node. */
export interface NodeParts {
  readonly reporter: NodeReporter;
  readonly lease: LeaseKeeper;
  readonly relist: Relist;
  readonly mirrors: MirrorPods;
  readonly housekeeper: Housekeeper;
  readonly rotation: LogRotation;
  readonly imageGarbage: ImageGarbage;
  readonly evictions: EvictionManager;
  readonly stats: StatsCollector;
}

export type Parts = SharedParts & PodParts & NodeParts;

/** Parts of the node that parts of the pods ask back, once both exist. */
export interface Later {
  node: NodeParts | undefined;
}

/** Makes all parts of a kubelet and connects them. Starts nothing. */
export async function assemble(options: KubeletOptions, configuration: KubeletConfiguration): Promise<Parts> {
  const ground = await survey(options.platform, configuration, options.architecture ?? process.arch);
  const later: Later = { node: undefined };
  const shared = sharedParts(options, configuration, ground);
  const pods = podParts(options, configuration, shared, later);
  const node = nodeParts(options, configuration, ground, { ...shared, ...pods });
  later.node = node;
  return { ...shared, ...pods, ...node };
}
