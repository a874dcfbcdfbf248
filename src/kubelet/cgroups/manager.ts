import { type Disk, type Processes, runChecked } from "../../base/index.ts";
import { quantityMilli, quantityValue } from "../quantity.ts";
import { cpuQuota, cpuShares, cpuWeight } from "../runtime/linux-resources.ts";
import type { Container, Pod } from "../types.ts";
import { podCgroup, podsCgroup, qosCgroup } from "./names.ts";

export interface CgroupManagerOptions {
  readonly disk: Disk;
  readonly processes: Processes;
  /** Where cgroups are mounted. */
  readonly mount: string;
  /** The cgroup below which `kubepods` is made. */
  readonly root: string;
  readonly version: 1 | 2;
  readonly podPidsLimit: number;
}

const controllersV1 = [
  "cpu",
  "cpuacct",
  "cpuset",
  "memory",
  "devices",
  "freezer",
  "blkio",
  "pids",
  "hugetlb",
  "perf_event",
  "net_cls",
  "net_prio",
  "systemd",
];
const controllersV2 = ["cpu", "memory", "pids", "cpuset", "io"];
const periodUs = 100_000;
const pageBytes = 4096;
/** Version 1 says "no limit" with a huge number. */
const unlimitedBytes = 2 ** 60;

/** What a pod's cgroup is held to: the sums over its containers. */
export interface PodLimits {
  readonly cpuShares: number;
  /** 0 without limit. */
  readonly cpuQuotaUs: number;
  /** 0 without limit. */
  readonly memoryBytes: number;
}

export function podLimits(pod: Pod): PodLimits {
  const containers = pod.spec?.containers ?? [];
  const init = pod.spec?.initContainers ?? [];
  const sidecars = init.filter((container) => container.restartPolicy === "Always");
  const running = [...containers, ...sidecars];
  const total = (of: (container: Container) => number): number =>
    Math.max(
      running.reduce((sum, one) => sum + of(one), 0),
      ...init.map(of),
      0,
    );
  const limited = (name: string): boolean =>
    running.length > 0 && running.every((one) => one.resources?.limits?.[name] !== undefined);
  const level = pod.spec?.resources;
  const cpuLimit =
    level?.limits?.["cpu"] !== undefined
      ? quantityMilli(level.limits["cpu"])
      : limited("cpu")
        ? total((one) => quantityMilli(one.resources?.limits?.["cpu"]))
        : 0;
  const memory =
    level?.limits?.["memory"] !== undefined
      ? quantityValue(level.limits["memory"])
      : limited("memory")
        ? total((one) => quantityValue(one.resources?.limits?.["memory"]))
        : 0;
  const request =
    level?.requests?.["cpu"] !== undefined
      ? quantityMilli(level.requests["cpu"])
      : total((one) => quantityMilli(one.resources?.requests?.["cpu"] ?? one.resources?.limits?.["cpu"]));
  return { cpuShares: cpuShares(request), cpuQuotaUs: cpuQuota(cpuLimit), memoryBytes: memory };
}

/** The cgroups of pods and of their classes of service, with the cgroupfs driver, version 1 or 2. */
export class CgroupManager {
  readonly #options: CgroupManagerOptions;
  #controllers: readonly string[] | undefined;

  constructor(options: CgroupManagerOptions) {
    this.#options = options;
  }

  static async version(disk: Disk, mount: string): Promise<1 | 2> {
    return (await disk.status(`${mount}/cgroup.controllers`)) === undefined ? 1 : 2;
  }

  /** Makes `kubepods` and the classes below it. */
  async prepareNode(): Promise<void> {
    const { root } = this.#options;
    await this.#ensure(podsCgroup(root));
    await this.#ensure(qosCgroup(root, "Burstable"));
    await this.#ensure(qosCgroup(root, "BestEffort"));
    await this.#set(qosCgroup(root, "BestEffort"), { cpuShares: 2, cpuQuotaUs: 0, memoryBytes: 0 }, undefined);
  }

  async ensurePod(pod: Pod): Promise<void> {
    const path = podCgroup(this.#options.root, pod);
    const first = this.#directories(path)[0];
    if (
      first !== undefined &&
      this.#controllers !== undefined &&
      (await this.#options.disk.status(first)) !== undefined
    )
      return;
    await this.#ensure(path);
    const pids = this.#options.podPidsLimit > 0 ? this.#options.podPidsLimit : undefined;
    await this.#set(path, podLimits(pod), pids);
  }

  /** Sets the limits of an existing cgroup, or takes them away. */
  async setLimits(path: string, limits: PodLimits): Promise<void> {
    await this.#findControllers();
    await this.#set(path, limits, undefined, true);
  }

  /** What a cgroup has, as far as a running pod may be given more or less of it; `undefined` when there is none. */
  async readShare(path: string): Promise<PodLimits | undefined> {
    const { disk, mount, version } = this.#options;
    const read = async (file: string): Promise<string> => (await disk.readText(file)).trim();
    const limit = (text: string): number =>
      text === "max" || Number(text) < 0 || Number(text) > unlimitedBytes ? 0 : Number(text);
    try {
      if (version === 2) {
        const [weight, max, memory] = await Promise.all(
          ["cpu.weight", "cpu.max", "memory.max"].map((name) => read(`${mount}${path}/${name}`)),
        );
        return {
          cpuShares: Number(weight),
          cpuQuotaUs: limit(max?.split(" ")[0] ?? "max"),
          memoryBytes: limit(memory ?? "max"),
        };
      }
      const [shares, quota, memory] = await Promise.all([
        read(`${mount}/cpu${path}/cpu.shares`),
        read(`${mount}/cpu${path}/cpu.cfs_quota_us`),
        read(`${mount}/memory${path}/memory.limit_in_bytes`),
      ]);
      return { cpuShares: Number(shares), cpuQuotaUs: limit(quota), memoryBytes: limit(memory) };
    } catch {
      return undefined;
    }
  }

  /** The same amounts as `readShare` would give them back. */
  comparable({ cpuShares: shares, cpuQuotaUs, memoryBytes }: PodLimits): PodLimits {
    const paged = memoryBytes - (memoryBytes % pageBytes);
    return { cpuShares: this.#options.version === 2 ? cpuWeight(shares) : shares, cpuQuotaUs, memoryBytes: paged };
  }

  /** Removes the pod's cgroup in every hierarchy. Succeeds when there is none. */
  async removePod(pod: Pod): Promise<void> {
    await this.#remove(podCgroup(this.#options.root, pod));
  }

  /** Uids of pods that have a cgroup. */
  async podUids(): Promise<ReadonlySet<string>> {
    await this.#findControllers();
    const uids = new Set<string>();
    for (const qos of ["Guaranteed", "Burstable", "BestEffort"] as const) {
      for (const directory of this.#directories(qosCgroup(this.#options.root, qos))) {
        if ((await this.#options.disk.status(directory)) === undefined) continue;
        for (const name of await this.#options.disk.list(directory)) if (/^pod./.test(name)) uids.add(name.slice(3));
      }
    }
    return uids;
  }

  /** For pods whose specification is not known any more. */
  async removeUid(uid: string): Promise<void> {
    for (const qos of ["Guaranteed", "Burstable", "BestEffort"] as const)
      await this.#remove(`${qosCgroup(this.#options.root, qos)}/pod${uid}`);
  }

  async #remove(path: string): Promise<void> {
    const { disk, processes } = this.#options;
    await this.#findControllers();
    const present: string[] = [];
    for (const directory of this.#directories(path)) {
      if ((await disk.status(directory)) === undefined) continue;
      present.push(...(await this.#below(directory)), directory);
    }
    if (present.length > 0) await runChecked(processes, "rmdir", present);
  }

  /** Nested cgroups, the deepest first. */
  async #below(directory: string): Promise<string[]> {
    const found: string[] = [];
    for (const name of await this.#options.disk.list(directory)) {
      const path = `${directory}/${name}`;
      if ((await this.#options.disk.status(path))?.kind === "directory") found.push(...(await this.#below(path)), path);
    }
    return found;
  }

  async #ensure(path: string): Promise<void> {
    await this.#findControllers();
    await Promise.all(this.#directories(path).map((directory) => this.#options.disk.makeDirectory(directory)));
    if (this.#options.version === 2) await this.#delegate(path);
  }

  /** Version 2: children have only the controllers that every ancestor hands down. */
  async #delegate(path: string): Promise<void> {
    const { disk, mount } = this.#options;
    const parts = path.split("/").filter((part) => part !== "");
    const available = new Set((await disk.readText(`${mount}/cgroup.controllers`)).trim().split(/\s+/));
    const wanted = controllersV2.filter((name) => available.has(name)).map((name) => `+${name}`);
    if (wanted.length === 0) return;
    for (let depth = 0; depth <= parts.length; depth++) {
      const directory = [mount, ...parts.slice(0, depth)].join("/");
      await disk.write(`${directory}/cgroup.subtree_control`, wanted.join(" "), { atomic: false });
    }
  }

  async #findControllers(): Promise<void> {
    if (this.#controllers !== undefined) return;
    const { disk, mount, version } = this.#options;
    if (version === 2) {
      this.#controllers = [""];
      return;
    }
    const found: string[] = [];
    for (const name of controllersV1) if ((await disk.status(`${mount}/${name}`)) !== undefined) found.push(name);
    this.#controllers = found;
  }

  #directories(path: string): string[] {
    const { mount } = this.#options;
    return (this.#controllers ?? []).map((controller) =>
      controller === "" ? mount + path : `${mount}/${controller}${path}`,
    );
  }

  async #set(path: string, limits: PodLimits, pids: number | undefined, lift = false): Promise<void> {
    const { mount, version } = this.#options;
    if (version === 2) {
      const at = mount + path;
      await this.#put(`${at}/cpu.weight`, String(cpuWeight(limits.cpuShares)));
      if (limits.cpuQuotaUs > 0 || lift) await this.#put(`${at}/cpu.max`, `${limits.cpuQuotaUs || "max"} ${periodUs}`);
      if (limits.memoryBytes > 0 || lift) await this.#put(`${at}/memory.max`, String(limits.memoryBytes || "max"));
      if (pids !== undefined) await this.#put(`${at}/pids.max`, String(pids));
      return;
    }
    await this.#put(`${mount}/cpu${path}/cpu.shares`, String(limits.cpuShares));
    if (limits.cpuQuotaUs > 0 || lift)
      await this.#put(`${mount}/cpu${path}/cpu.cfs_quota_us`, String(limits.cpuQuotaUs || -1));
    if (limits.memoryBytes > 0 || lift)
      await this.#put(`${mount}/memory${path}/memory.limit_in_bytes`, String(limits.memoryBytes || -1));
    if (pids !== undefined) await this.#put(`${mount}/pids${path}/pids.max`, String(pids));
  }

  async #put(file: string, value: string): Promise<void> {
    const { disk } = this.#options;
    if ((await disk.status(file)) !== undefined) await disk.write(file, value, { atomic: false });
  }
}

/** For messages, as upstream prints a cgroup name: `[kubepods besteffort poduid]`. */
export function describeCgroup(root: string, pod: Pod): string {
  return `[${podCgroup(root, pod)
    .split("/")
    .filter((part) => part !== "")
    .join(" ")}]`;
}
