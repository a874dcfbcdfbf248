import type { Request } from "../../cri/index.ts";
import { type QosClass, qosClass } from "../pods/qos.ts";
import { quantityMilli, quantityValue } from "../quantity.ts";
import type { Container, Pod } from "../types.ts";

const sharesPerCpu = 1024;
const sharesMin = 2;
const sharesMax = 262_144;
const quotaPeriodUs = 100_000;
const quotaMinUs = 1_000;

export function cpuShares(milli: number): number {
  if (milli === 0) return sharesMin;
  return Math.min(sharesMax, Math.max(sharesMin, Math.floor((milli * sharesPerCpu) / 1000)));
}

/** Microseconds of cpu per period; 0 means no limit. */
export function cpuQuota(milli: number, periodUs: number = quotaPeriodUs): number {
  return milli === 0 ? 0 : Math.max(quotaMinUs, Math.floor((milli * periodUs) / 1000));
}

/** cgroup v2 weight for v1 shares, by the kernel's and runc's linear mapping. */
export function cpuWeight(shares: number): number {
  return 1 + Math.floor(((Math.min(sharesMax, Math.max(sharesMin, shares)) - 2) * 9999) / 262_142);
}

const criticalPriority = 2_000_000_000;

/** How readily the kernel kills it when memory runs out: -997 last, 1000 first. */
export function oomScoreAdj(pod: Pod, container: Container, memoryCapacity: number): number {
  const priority = pod.spec?.priority ?? 0;
  const staticPod = pod.metadata.annotations?.["kubernetes.io/config.source"];
  if (priority >= criticalPriority || (staticPod !== undefined && staticPod !== "api" && priority >= criticalPriority))
    return -997;
  const qos: QosClass = qosClass(pod);
  if (qos === "Guaranteed") return -997;
  if (qos === "BestEffort") return 1000;
  const request = quantityValue(container.resources?.requests?.["memory"]);
  const score = 1000 - Math.floor((1000 * request) / Math.max(1, memoryCapacity));
  return Math.min(999, Math.max(3, score));
}

export interface ResourceOptions {
  readonly cgroupVersion: 1 | 2;
  readonly memoryCapacity: number;
  readonly cpuCfsQuota: boolean;
}

/** What the runtime is told about one container's share of the machine. */
export function containerLinuxResources(
  pod: Pod,
  container: Container,
  options: ResourceOptions,
): Request<"LinuxContainerResources"> {
  const limits = container.resources?.limits ?? pod.spec?.resources?.limits ?? {};
  const requests = container.resources?.requests ?? {};
  const cpuLimit = quantityMilli(limits["cpu"]);
  const cpuRequest = requests["cpu"] === undefined ? cpuLimit : quantityMilli(requests["cpu"]);
  const quota = options.cpuCfsQuota ? cpuQuota(cpuLimit) : 0;
  const memory = quantityValue(limits["memory"]);
  return {
    cpuShares: cpuShares(cpuRequest),
    ...(quota > 0 ? { cpuPeriod: quotaPeriodUs, cpuQuota: quota } : {}),
    ...(memory > 0 ? { memoryLimitInBytes: memory } : {}),
    oomScoreAdj: oomScoreAdj(pod, container, options.memoryCapacity),
    ...hugepages(limits),
    ...(options.cgroupVersion === 2 ? { unified: { "memory.oom.group": "1" } } : {}),
  };
}

function hugepages(limits: Readonly<Record<string, string | number>>): Request<"LinuxContainerResources"> {
  const found = Object.entries(limits).filter(([name]) => name.startsWith("hugepages-"));
  if (found.length === 0) return {};
  return {
    hugepageLimits: found.map(([name, limit]) => ({
      pageSize: name.slice("hugepages-".length).replace(/([KMG])i$/, "$1B"),
      limit: quantityValue(limit),
    })),
  };
}
