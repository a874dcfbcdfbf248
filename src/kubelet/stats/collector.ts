import type { Clock, Disk } from "../../base/index.ts";
import { podCgroup, podsCgroup } from "../cgroups/names.ts";
import { countCpus, meminfoValue } from "../node/machine.ts";
import { podUid } from "../pods/names.ts";
import type { RuntimeContainer, RuntimePod } from "../runtime/view.ts";
import type { Pod } from "../types.ts";
import { type CgroupLocation, type CgroupUsage, readUsage } from "./cgroup-usage.ts";
import { type InterfaceUsage, networkOf } from "./network-usage.ts";

export interface StatsCollectorOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly location: CgroupLocation;
  readonly cgroupRoot: string;
  readonly pods: () => readonly Pod[];
  /** What was last seen of a pod in the runtime. */
  readonly view: (uid: string) => RuntimePod | undefined;
}

export interface Usage extends CgroupUsage {
  readonly atMs: number;
  /** Cores in use times 10^9, since the sample before; undefined at the first. */
  readonly cpuNanoCores: number | undefined;
}

export interface ContainerSample {
  readonly container: RuntimeContainer;
  readonly cgroup: string;
  readonly usage: Usage;
}

export interface PodSample {
  readonly pod: Pod;
  readonly cgroup: string;
  readonly sandboxId: string | undefined;
  readonly usage: Usage | undefined;
  readonly containers: readonly ContainerSample[];
  readonly network: readonly InterfaceUsage[];
}

export interface NodeSample {
  readonly atMs: number;
  readonly cpuNanos: number;
  readonly cpuNanoCores: number | undefined;
  readonly cpus: number;
  readonly memoryTotalBytes: number;
  readonly memoryUsedBytes: number;
  readonly workingSetBytes: number;
  readonly availableBytes: number;
  readonly rssBytes: number;
  readonly pageFaults: number;
  readonly majorPageFaults: number;
  readonly bootTimeMs: number;
  readonly swapTotalBytes: number;
  readonly swapFreeBytes: number;
  readonly network: readonly InterfaceUsage[];
  readonly kubepods: Usage | undefined;
}

interface Mark {
  readonly atMs: number;
  readonly cpuNanos: number;
  readonly cpuNanoCores: number | undefined;
}

/** Two samples closer together than this tell nothing about a rate. */
const rateWindowMs = 1_000;
const marksMax = 20_000;
const nanosPerTick = 1e7;

/** Reads what the node, its pods and their containers use, straight from the kernel: cAdvisor's job. */
export class StatsCollector {
  readonly #options: StatsCollectorOptions;
  readonly #marks = new Map<string, Mark>();

  constructor(options: StatsCollectorOptions) {
    this.#options = options;
  }

  async pods(): Promise<PodSample[]> {
    const samples = await Promise.all(this.#options.pods().map((pod) => this.#pod(pod)));
    return samples.filter((sample) => sample.usage !== undefined || sample.containers.length > 0);
  }

  async node(): Promise<NodeSample> {
    const { disk, clock, cgroupRoot } = this.#options;
    const [stat, meminfo, vmstat] = await Promise.all([
      disk.readText("/proc/stat"),
      disk.readText("/proc/meminfo"),
      disk.readText("/proc/vmstat").catch(() => ""),
    ]);
    const atMs = clock.now();
    const cpuNanos = busyNanos(stat);
    const totalBytes = meminfoValue(meminfo, "MemTotal");
    const freeBytes = meminfoValue(meminfo, "MemFree");
    const inactiveFile = meminfoValue(meminfo, "Inactive(file)".replace(/[()]/g, "\\$&"));
    const workingSetBytes = Math.max(0, totalBytes - freeBytes - inactiveFile);
    const vm = (name: string): number => Number(new RegExp(`^${name} (\\d+)`, "m").exec(vmstat)?.[1] ?? 0);
    return {
      atMs,
      cpuNanos,
      cpuNanoCores: this.#rate("/", atMs, cpuNanos),
      cpus: countCpus(stat),
      memoryTotalBytes: totalBytes,
      memoryUsedBytes: totalBytes - freeBytes,
      workingSetBytes,
      availableBytes: Math.max(0, totalBytes - workingSetBytes),
      rssBytes: meminfoValue(meminfo, "AnonPages"),
      pageFaults: vm("pgfault"),
      majorPageFaults: vm("pgmajfault"),
      bootTimeMs: Number(/^btime (\d+)/m.exec(stat)?.[1] ?? 0) * 1000,
      swapTotalBytes: meminfoValue(meminfo, "SwapTotal"),
      swapFreeBytes: meminfoValue(meminfo, "SwapFree"),
      network: await networkOf(disk, "self"),
      kubepods: await this.#usage(podsCgroup(cgroupRoot)),
    };
  }

  async #pod(pod: Pod): Promise<PodSample> {
    const cgroup = podCgroup(this.#options.cgroupRoot, pod);
    const view = this.#options.view(podUid(pod));
    const sandboxId = view?.sandboxes.find((sandbox) => sandbox.ready)?.id;
    const running = (view?.containers ?? []).filter((container) => container.state === "running");
    const [usage, containers, network] = await Promise.all([
      this.#usage(cgroup),
      Promise.all(running.map((container) => this.#container(`${cgroup}/${container.id}`, container))),
      sandboxId === undefined || pod.spec?.hostNetwork ? [] : this.#network(`${cgroup}/${sandboxId}`),
    ]);
    return { pod, cgroup, sandboxId, usage, containers: containers.filter((one) => one !== undefined), network };
  }

  async #container(cgroup: string, container: RuntimeContainer): Promise<ContainerSample | undefined> {
    const usage = await this.#usage(cgroup);
    return usage === undefined ? undefined : { container, cgroup, usage };
  }

  async #usage(path: string): Promise<Usage | undefined> {
    const { disk, clock, location } = this.#options;
    const found = await readUsage(disk, location, path);
    if (found === undefined) return undefined;
    const atMs = clock.now();
    return { ...found, atMs, cpuNanoCores: this.#rate(path, atMs, found.cpuNanos) };
  }

  async #network(sandboxCgroup: string): Promise<InterfaceUsage[]> {
    const { disk, location } = this.#options;
    const directory =
      location.version === 1 ? `${location.mount}/memory${sandboxCgroup}` : location.mount + sandboxCgroup;
    const pids = await disk.readText(`${directory}/cgroup.procs`).catch(() => "");
    const pid = Number(pids.split("\n")[0]);
    return pid > 0 ? networkOf(disk, pid) : [];
  }

  #rate(key: string, atMs: number, cpuNanos: number): number | undefined {
    const before = this.#marks.get(key);
    if (before !== undefined && atMs - before.atMs < rateWindowMs) return before.cpuNanoCores;
    const cpuNanoCores =
      before === undefined
        ? undefined
        : Math.max(0, Math.round(((cpuNanos - before.cpuNanos) * 1000) / (atMs - before.atMs)));
    this.#marks.delete(key);
    this.#marks.set(key, { atMs, cpuNanos, cpuNanoCores });
    if (this.#marks.size > marksMax) this.#marks.delete(this.#marks.keys().next().value as string);
    return cpuNanoCores;
  }
}

/** All but idle and waiting for disks; guest time is part of user time. */
function busyNanos(stat: string): number {
  const values = (/^cpu +(.*)$/m.exec(stat)?.[1] ?? "").split(" ").map(Number);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = values;
  return (user + nice + system + irq + softirq + steal) * nanosPerTick;
}
