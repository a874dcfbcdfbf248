import { type Disk, type Processes, runChecked } from "../../base/index.ts";
import type { Enter } from "../enter.ts";
import type { CgroupMount } from "./cgroup-mounts.ts";

export interface NamespacesOptions {
  readonly disk: Disk;
  readonly processes: Processes;
  /** Holds the files that keep the namespaces alive. */
  readonly directory: string;
  readonly hostname: string;
  /** Files that hide the machine's own inside: path → replacement. */
  readonly replacedFiles: Readonly<Record<string, string>>;
  readonly cgroupMounts: readonly CgroupMount[];
  /** The node's group, which becomes the root of its cgroup namespace. */
  readonly cgroupJoin: readonly string[];
  /** Where commands that enter later go. */
  readonly daemonsJoin: readonly string[];
}

const kinds = { net: "net", uts: "uts", cgroup: "cgroup", mount: "mnt" } as const;
const join = 'for file in $JOIN; do echo 0 > "$file"; done; exec "$@"';

/** Network, mount, UTS and cgroup namespaces kept by bind mounts, without any process in them. */
export class Namespaces {
  readonly #options: NamespacesOptions;

  constructor(options: NamespacesOptions) {
    this.#options = options;
  }

  /** Joins the node's cgroup and enters all its namespaces. */
  get enter(): Enter {
    const flags = Object.entries(kinds).map(([flag, file]) => `--${flag}=${this.#options.directory}/${file}`);
    const joining = `JOIN="${this.#options.daemonsJoin.join(" ")}"; ${join}`;
    return ["sh", "-c", joining, "sh", "nsenter", ...flags, "--"];
  }

  /** The network namespace alone. */
  get networkFile(): string {
    return `${this.#options.directory}/${kinds.net}`;
  }

  /** Whether all of them exist. */
  async exist(): Promise<boolean> {
    const mounted = await this.#mountPoints();
    return Object.values(kinds).every((file) => mounted.has(`${this.#options.directory}/${file}`));
  }

  async create(): Promise<void> {
    if (await this.exist()) return;
    await this.remove();
    const { disk, processes, directory, cgroupJoin } = this.#options;
    await disk.makeDirectory(directory);
    // A mount namespace can be kept only on a mount that does not propagate into it.
    await runChecked(processes, "mount", ["--bind", directory, directory]);
    await runChecked(processes, "mount", ["--make-private", directory]);
    for (const file of Object.values(kinds)) await disk.write(`${directory}/${file}`, "", { atomic: false });
    const flags = Object.entries(kinds).map(([flag, file]) => `--${flag}=${directory}/${file}`);
    const words = ["unshare", ...flags, "--propagation", "private", "sh", "-ec", this.#setUp()];
    await runChecked(processes, "sh", ["-ec", `JOIN="${cgroupJoin.join(" ")}"; ${join}`, "sh", ...words]);
  }

  async remove(): Promise<void> {
    const { disk, processes, directory } = this.#options;
    const mounted = await this.#mountPoints();
    for (const point of [...Object.values(kinds).map((file) => `${directory}/${file}`), directory]) {
      if (mounted.has(point)) await runChecked(processes, "umount", ["--lazy", point]);
    }
    await disk.remove(directory);
  }

  /** Runs once inside: what the namespaces change about /sys is mounted anew. */
  #setUp(): string {
    const { hostname, cgroupMounts, replacedFiles } = this.#options;
    const lines = [`hostname ${quote(hostname)}`, "ip link set lo up", "mount -t sysfs sysfs /sys"];
    const [first] = cgroupMounts;
    if (first?.path !== "/sys/fs/cgroup") lines.push("mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup");
    for (const { path, type, options } of cgroupMounts) {
      lines.push(`mkdir -p ${quote(path)}`);
      lines.push(`mount -t ${type} ${options === "" ? "" : `-o ${options} `}${type} ${quote(path)}`);
      for (const controller of options.split(",")) {
        const link = `/sys/fs/cgroup/${controller}`;
        if (options.includes(",") && !options.includes("name="))
          lines.push(`[ -e ${link} ] || ln -s ${quote(path)} ${link}`);
      }
    }
    for (const [path, replacement] of Object.entries(replacedFiles)) {
      lines.push(`mount --bind ${quote(replacement)} ${quote(path)}`);
    }
    return lines.join("\n");
  }

  async #mountPoints(): Promise<ReadonlySet<string>> {
    const mountinfo = await this.#options.disk.readText("/proc/self/mountinfo");
    return new Set(mountinfo.split("\n").map((line) => line.split(" ")[4] ?? ""));
  }
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
