import type { Disk, DiskCapacity } from "../../base/index.ts";
import type { ImageService } from "../../cri/index.ts";
import { podName, podNamespace, podUid } from "../pods/names.ts";
import { rfc3339 } from "../time.ts";
import type { NodeSample, PodSample, StatsCollector, Usage } from "./collector.ts";
import type { InterfaceUsage } from "./network-usage.ts";

export interface SummaryDependencies {
  readonly stats: StatsCollector;
  readonly disk: Disk;
  readonly images: ImageService;
  readonly nodeName: string;
  readonly rootDirectory: string;
}

/** `/stats/summary` (stats/v1alpha1), from which `kubectl top` and others are fed. */
export async function summary(deps: SummaryDependencies, onlyCpuAndMemory: boolean): Promise<unknown> {
  const [node, pods] = await Promise.all([deps.stats.node(), deps.stats.pods()]);
  const disks = onlyCpuAndMemory ? undefined : await fileSystems(deps, node.atMs);
  return { node: nodeStats(deps.nodeName, node, disks), pods: pods.map((pod) => podStats(pod, onlyCpuAndMemory)) };
}

interface Disks {
  readonly fs: object;
  readonly runtime: object;
}

async function fileSystems({ disk, images, rootDirectory }: SummaryDependencies, atMs: number): Promise<Disks> {
  const capacity = await disk.capacity(rootDirectory);
  const fs = fsStats(capacity, atMs);
  const info = await images.imageFsInfo().catch(() => undefined);
  const used = info?.imageFilesystems[0];
  const imageFs =
    used === undefined ? fs : { ...fs, usedBytes: used.usedBytes?.value ?? 0, inodesUsed: used.inodesUsed?.value ?? 0 };
  return { fs, runtime: { imageFs, containerFs: imageFs } };
}

function fsStats({ totalBytes, freeBytes, totalInodes, freeInodes }: DiskCapacity, atMs: number): object {
  return {
    time: rfc3339(atMs),
    availableBytes: freeBytes,
    capacityBytes: totalBytes,
    usedBytes: totalBytes - freeBytes,
    inodesFree: freeInodes,
    inodes: totalInodes,
    inodesUsed: totalInodes - freeInodes,
  };
}

function nodeStats(nodeName: string, node: NodeSample, disks: Disks | undefined): object {
  const { kubepods } = node;
  return {
    nodeName,
    ...(kubepods === undefined
      ? {}
      : {
          systemContainers: [
            { name: "pods", startTime: rfc3339(node.bootTimeMs), cpu: cpu(kubepods), memory: memory(kubepods) },
          ],
        }),
    startTime: rfc3339(node.bootTimeMs),
    cpu: { time: rfc3339(node.atMs), usageNanoCores: node.cpuNanoCores ?? 0, usageCoreNanoSeconds: node.cpuNanos },
    memory: {
      time: rfc3339(node.atMs),
      availableBytes: node.availableBytes,
      usageBytes: node.memoryUsedBytes,
      workingSetBytes: node.workingSetBytes,
      rssBytes: node.rssBytes,
      pageFaults: node.pageFaults,
      majorPageFaults: node.majorPageFaults,
    },
    network: network(node.network, node.atMs),
    ...(disks === undefined ? {} : { fs: disks.fs, runtime: disks.runtime }),
    swap: {
      time: rfc3339(node.atMs),
      swapAvailableBytes: node.swapFreeBytes,
      swapUsageBytes: node.swapTotalBytes - node.swapFreeBytes,
    },
  };
}

function podStats(sample: PodSample, onlyCpuAndMemory: boolean): object {
  const { pod, usage, containers } = sample;
  return {
    podRef: { name: podName(pod), namespace: podNamespace(pod), uid: podUid(pod) },
    startTime: pod.status?.startTime ?? null,
    containers: containers.map((one) => ({
      name: one.container.name,
      startTime: rfc3339(one.container.startedAtMs ?? one.container.createdAtMs),
      cpu: cpu(one.usage),
      memory: memory(one.usage),
      swap: { time: rfc3339(one.usage.atMs), swapUsageBytes: one.usage.swapBytes },
    })),
    ...(usage === undefined
      ? {}
      : { cpu: cpu(usage), memory: memory(usage), process_stats: { process_count: usage.processes } }),
    ...(onlyCpuAndMemory || sample.network.length === 0 ? {} : { network: network(sample.network, usage?.atMs ?? 0) }),
  };
}

function cpu(usage: Usage): object {
  return { time: rfc3339(usage.atMs), usageNanoCores: usage.cpuNanoCores ?? 0, usageCoreNanoSeconds: usage.cpuNanos };
}

function memory(usage: Usage): object {
  const { workingSetBytes, memoryLimitBytes } = usage;
  return {
    time: rfc3339(usage.atMs),
    ...(memoryLimitBytes > 0 ? { availableBytes: Math.max(0, memoryLimitBytes - workingSetBytes) } : {}),
    usageBytes: usage.memoryBytes,
    workingSetBytes,
    rssBytes: usage.rssBytes,
    pageFaults: usage.pageFaults,
    majorPageFaults: usage.majorPageFaults,
  };
}

function network(interfaces: readonly InterfaceUsage[], atMs: number): object {
  const all = interfaces.map(({ name, rxBytes, rxErrors, txBytes, txErrors }) => ({
    name,
    rxBytes,
    rxErrors,
    txBytes,
    txErrors,
  }));
  const first = all.find((one) => one.name === "eth0") ?? all[0];
  return { time: rfc3339(atMs), ...first, interfaces: all };
}
