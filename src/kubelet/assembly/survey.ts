import type { Platform } from "../../base/index.ts";
import { CgroupManager } from "../cgroups/manager.ts";
import type { KubeletConfiguration } from "../config.ts";
import { machineAddresses } from "../node/addresses.ts";
import type { NodeFacts } from "../node/facts.ts";
import { type Machine, readMachine } from "../node/machine.ts";
import { nodeResources, type Resources } from "../node/resources.ts";

/** What the kubelet stands on: the machine, what pods may have of it, and what they are told of it. */
export interface Ground {
  readonly machine: Machine;
  readonly resources: Resources;
  readonly node: NodeFacts;
}

export async function survey(
  { disk, processes }: Platform,
  configuration: KubeletConfiguration,
  architecture: string,
): Promise<Ground> {
  const machine = await readMachine(disk, architecture);
  await disk.makeDirectory(configuration.rootDirectory);
  const capacity = await disk.capacity(configuration.rootDirectory);
  const { systemReserved, kubeReserved, evictionHard } = configuration;
  const resources = nodeResources({
    machine,
    diskTotalBytes: capacity.totalBytes,
    maxPods: configuration.maxPods,
    hugepages: {},
    reservations: { systemReserved, kubeReserved, evictionHardMemory: evictionHard["memory.available"] ?? "0" },
  });
  const hostIps = configuration.nodeIps.length > 0 ? configuration.nodeIps : await machineAddresses(processes);
  const node: NodeFacts = {
    nodeName: configuration.nodeName,
    hostname: (configuration.hostname || machine.hostname).toLowerCase(),
    hostIps,
    clusterDomain: configuration.clusterDomain,
    clusterDns: configuration.clusterDns,
    resolvConf: configuration.resolvConf,
    cgroupVersion: await CgroupManager.version(disk, configuration.cgroupMount),
    cgroupRoot: configuration.cgroupRoot,
    memoryCapacity: machine.memoryBytes,
    allocatable: resources.allocatable,
    cpuCfsQuota: configuration.cpuCfsQuota,
    seccompDefault: configuration.seccompDefault,
    runtimeName: "containerd",
  };
  return { machine, resources, node };
}
