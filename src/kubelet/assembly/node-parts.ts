import type { KubeletConfiguration } from "../config.ts";
import { EvictionManager } from "../eviction/manager.ts";
import { Housekeeper } from "../housekeeper.ts";
import { ImageGarbage } from "../images/garbage.ts";
import type { KubeletOptions } from "../kubelet.ts";
import { LogRotation } from "../logs/rotation.ts";
import { LeaseKeeper } from "../node/lease.ts";
import { NodeReporter } from "../node/reporter.ts";
import { podUid } from "../pods/names.ts";
import { Relist } from "../runtime/relist.ts";
import { isMirror } from "../sources/mirror-pods.ts";
import { MirrorPods } from "../sources/mirror-pods.ts";
import { StatsCollector } from "../stats/collector.ts";
import type { Pod } from "../types.ts";
import type { NodeParts, PodParts, SharedParts } from "./parts.ts";
import type { Ground } from "./survey.ts";

type Before = SharedParts & PodParts;

export function nodeParts(
  options: KubeletOptions,
  configuration: KubeletConfiguration,
  ground: Ground,
  before: Before,
): NodeParts {
  const { platform, log, client, cri } = options;
  const { clock, disk } = platform;
  const { inspector, workers, filePods, apiPods: fromApi } = before;
  const stats = new StatsCollector({
    disk,
    clock,
    location: { mount: configuration.cgroupMount, version: ground.node.cgroupVersion },
    cgroupRoot: configuration.cgroupRoot,
    pods: () => withStatuses(before),
    view: (uid) => inspector.lastView(uid),
  });
  const imageGarbage = imageGarbagePart(options, configuration);
  const evictions = evictionPart(options, configuration, ground, before, stats, imageGarbage, () => reporter.nudge());
  const synced = (): boolean => fromApi.hasSynced() && filePods.hasSynced();
  const housekeeper = new Housekeeper({ ...before, clock, log, synced, syncMs: configuration.syncFrequencyMs });
  const relist = new Relist({
    inspector,
    runtime: cri.runtime,
    clock,
    log,
    periodMs: configuration.relistPeriodMs,
    metrics: options.metrics,
    changes: cri.changes?.bind(cri),
    onChange: (uid) => workers.poke(uid),
    onListed: (listed) => housekeeper.observe(listed),
  });
  const reporter = reporterPart(options, configuration, ground, before, relist, evictions);
  const { nodeName, nodeLeaseDurationSeconds: durationSeconds } = configuration;
  const nodeUid = (): string | undefined => reporter.nodeUid;
  const lease = new LeaseKeeper({ client, clock, log, nodeName, durationSeconds, nodeUid });
  const mirrors = mirrorPart(options, configuration, before, synced, nodeUid);
  return {
    stats,
    imageGarbage,
    evictions,
    housekeeper,
    relist,
    reporter,
    lease,
    mirrors,
    rotation: rotationPart(options, configuration, before),
  };
}

/** Pods as their workers know them, with the status that was worked out last. */
export function withStatuses({ workers, statuses }: Pick<PodParts, "workers" | "statuses">): Pod[] {
  return workers.pods().map((pod) => ({ ...pod, status: statuses.get(podUid(pod)) ?? pod.status }));
}

function imageGarbagePart({ platform, log, cri }: KubeletOptions, configuration: KubeletConfiguration): ImageGarbage {
  return new ImageGarbage({
    cri,
    clock: platform.clock,
    disk: platform.disk,
    log,
    highPercent: configuration.imageGcHighThresholdPercent,
    lowPercent: configuration.imageGcLowThresholdPercent,
    minimumAgeMs: configuration.imageMinimumGcAgeMs,
  });
}

function evictionPart(
  { platform, log }: KubeletOptions,
  configuration: KubeletConfiguration,
  { machine }: Ground,
  { broadcaster, syncer, workers, collector }: Before,
  stats: StatsCollector,
  imageGarbage: ImageGarbage,
  onPressure: () => void,
): EvictionManager {
  const { nodeName } = configuration;
  return new EvictionManager({
    clock: platform.clock,
    disk: platform.disk,
    log,
    events: broadcaster.recorder("kubelet"),
    nodeTarget: { apiVersion: "v1", kind: "Node", name: nodeName, uid: nodeName },
    stats,
    hard: configuration.evictionHard,
    rootDirectory: configuration.rootDirectory,
    pidMax: machine.pidMax,
    pressureTransitionMs: configuration.evictionPressureTransitionMs,
    evict: (pod, failure) => {
      syncer.fail(pod, failure);
      workers.terminate(podUid(pod), 0);
    },
    isActive: (uid) => workers.active().some((pod) => podUid(pod) === uid),
    reclaimDisk: async (signal) => {
      await collector.collectDead();
      await imageGarbage.collect(signal);
    },
    onPressure,
  });
}

function reporterPart(
  { platform, log, client, cri }: KubeletOptions,
  configuration: KubeletConfiguration,
  { machine, resources, node }: Ground,
  { broadcaster }: Before,
  relist: Relist,
  evictions: EvictionManager,
): NodeReporter {
  return new NodeReporter({
    client,
    clock: platform.clock,
    disk: platform.disk,
    log,
    cri,
    events: broadcaster.recorder("kubelet"),
    registration: {
      nodeName: configuration.nodeName,
      hostname: node.hostname,
      architecture: machine.architecture,
      labels: configuration.nodeLabels,
      taints: configuration.registerWithTaints,
      unschedulable: false,
      providerId: configuration.providerId,
    },
    register: configuration.registerNode,
    updateMs: configuration.nodeStatusUpdateFrequencyMs,
    reportMs: configuration.nodeStatusReportFrequencyMs,
    imagesMax: configuration.nodeStatusMaxImages,
    facts: () => ({
      hostIps: node.hostIps,
      port: configuration.port,
      machine,
      resources,
      volumesInUse: [],
      pressure: evictions.pressure(),
      externalCloud: configuration.cloudProviderExternal,
    }),
    problems: () => (relist.healthy() ? [] : ["PLEG is not healthy: pleg has yet to be successful"]),
  });
}

function mirrorPart(
  { platform, log, client }: KubeletOptions,
  { nodeName }: KubeletConfiguration,
  { filePods, apiPods }: Before,
  synced: () => boolean,
  nodeUid: () => string | undefined,
): MirrorPods {
  return new MirrorPods({
    client,
    clock: platform.clock,
    log,
    nodeName,
    nodeUid,
    statics: () => filePods.pods(),
    found: (key) => apiPods.lister.get(key),
    mirrors: () => [...apiPods.lister.list()].filter((pod) => isMirror(pod) && pod.spec?.nodeName === nodeName),
    synced,
  });
}

function rotationPart(
  { platform, log, cri }: KubeletOptions,
  configuration: KubeletConfiguration,
  { workers, inspector }: Before,
): LogRotation {
  return new LogRotation({
    disk: platform.disk,
    clock: platform.clock,
    log,
    runtime: cri.runtime,
    maxBytes: configuration.containerLogMaxBytes,
    maxFiles: configuration.containerLogMaxFiles,
    running: () =>
      workers
        .pods()
        .flatMap((pod) => inspector.lastView(podUid(pod))?.containers ?? [])
        .filter((container) => container.state === "running"),
  });
}
