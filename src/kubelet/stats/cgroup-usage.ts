import type { Disk } from "../../base/index.ts";

/** What a cgroup has used. Bytes and nanoseconds. */
export interface CgroupUsage {
  readonly cpuNanos: number;
  readonly cpuUserNanos: number;
  readonly cpuSystemNanos: number;
  readonly throttledPeriods: number;
  readonly periods: number;
  readonly throttledNanos: number;
  readonly memoryBytes: number;
  /** What cannot be given back at once: usage without inactive file pages. */
  readonly workingSetBytes: number;
  readonly rssBytes: number;
  readonly cacheBytes: number;
  readonly mappedFileBytes: number;
  readonly swapBytes: number;
  readonly maxMemoryBytes: number;
  readonly failures: number;
  readonly pageFaults: number;
  readonly majorPageFaults: number;
  /** 0 without limit. */
  readonly memoryLimitBytes: number;
  readonly processes: number;
}

export interface CgroupLocation {
  readonly mount: string;
  readonly version: 1 | 2;
}

/** `undefined` when there is no such cgroup. */
export async function readUsage(
  disk: Disk,
  { mount, version }: CgroupLocation,
  path: string,
): Promise<CgroupUsage | undefined> {
  try {
    return version === 1 ? await usageV1(disk, mount, path) : await usageV2(disk, `${mount}${path}`);
  } catch {
    return undefined;
  }
}

/** The kernel's way to say "no limit" in version 1. */
const unlimited = 2 ** 60;
const ticksPerSecond = 100;

async function usageV1(disk: Disk, mount: string, path: string): Promise<CgroupUsage> {
  const memory = `${mount}/memory${path}`;
  const cpu = `${mount}/cpuacct${path}`;
  const [cpuUsage, cpuSplit, cpuStat, usage, stat, limit, max, fails, pids] = await Promise.all([
    disk.readText(`${cpu}/cpuacct.usage`),
    text(disk, `${cpu}/cpuacct.stat`),
    text(disk, `${mount}/cpu${path}/cpu.stat`),
    disk.readText(`${memory}/memory.usage_in_bytes`),
    disk.readText(`${memory}/memory.stat`),
    text(disk, `${memory}/memory.limit_in_bytes`),
    text(disk, `${memory}/memory.max_usage_in_bytes`),
    text(disk, `${memory}/memory.failcnt`),
    text(disk, `${mount}/pids${path}/pids.current`),
  ]);
  const memoryStat = parseFlat(stat);
  const split = parseFlat(cpuSplit);
  const throttling = parseFlat(cpuStat);
  const limitBytes = Number(limit.trim()) || 0;
  const of = (name: string): number => memoryStat.get(name) ?? 0;
  return {
    cpuNanos: Number(cpuUsage),
    cpuUserNanos: ((split.get("user") ?? 0) * 1e9) / ticksPerSecond,
    cpuSystemNanos: ((split.get("system") ?? 0) * 1e9) / ticksPerSecond,
    periods: throttling.get("nr_periods") ?? 0,
    throttledPeriods: throttling.get("nr_throttled") ?? 0,
    throttledNanos: throttling.get("throttled_time") ?? 0,
    memoryBytes: Number(usage),
    workingSetBytes: Math.max(0, Number(usage) - of("total_inactive_file")),
    rssBytes: of("total_rss"),
    cacheBytes: of("total_cache"),
    mappedFileBytes: of("total_mapped_file"),
    swapBytes: of("total_swap"),
    maxMemoryBytes: Number(max) || 0,
    failures: Number(fails) || 0,
    pageFaults: of("total_pgfault"),
    majorPageFaults: of("total_pgmajfault"),
    memoryLimitBytes: limitBytes > unlimited ? 0 : limitBytes,
    processes: Number(pids) || 0,
  };
}

async function usageV2(disk: Disk, directory: string): Promise<CgroupUsage> {
  const [cpuText, usage, stat, limit, max, swap, pids] = await Promise.all([
    disk.readText(`${directory}/cpu.stat`),
    disk.readText(`${directory}/memory.current`),
    disk.readText(`${directory}/memory.stat`),
    text(disk, `${directory}/memory.max`),
    text(disk, `${directory}/memory.peak`),
    text(disk, `${directory}/memory.swap.current`),
    text(disk, `${directory}/pids.current`),
  ]);
  const cpu = parseFlat(cpuText);
  const memoryStat = parseFlat(stat);
  const micros = (name: string): number => (cpu.get(name) ?? 0) * 1000;
  const of = (name: string): number => memoryStat.get(name) ?? 0;
  return {
    cpuNanos: micros("usage_usec"),
    cpuUserNanos: micros("user_usec"),
    cpuSystemNanos: micros("system_usec"),
    periods: cpu.get("nr_periods") ?? 0,
    throttledPeriods: cpu.get("nr_throttled") ?? 0,
    throttledNanos: micros("throttled_usec"),
    memoryBytes: Number(usage),
    workingSetBytes: Math.max(0, Number(usage) - of("inactive_file")),
    rssBytes: of("anon"),
    cacheBytes: of("file"),
    mappedFileBytes: of("file_mapped"),
    swapBytes: Number(swap) || 0,
    maxMemoryBytes: Number(max) || 0,
    failures: 0,
    pageFaults: of("pgfault"),
    majorPageFaults: of("pgmajfault"),
    memoryLimitBytes: Number(limit) || 0,
    processes: Number(pids) || 0,
  };
}

/** Lines of `name value`. */
export function parseFlat(content: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const line of content.split("\n")) {
    const [name, value] = line.split(" ");
    if (name && value !== undefined) found.set(name, Number(value));
  }
  return found;
}

async function text(disk: Disk, path: string): Promise<string> {
  try {
    return await disk.readText(path);
  } catch {
    return "";
  }
}
