import { type Disk, isPlatformError } from "../../base/index.ts";

export interface CgroupMount {
  readonly path: string;
  readonly type: "cgroup" | "cgroup2";
  /** What to mount it again with: a controller list, or `none,name=…`. Empty for version 2. */
  readonly options: string;
}

/** The cgroup hierarchies that a `/proc/…/mountinfo` shows below /sys/fs/cgroup. */
export function cgroupMounts(mountinfo: string): readonly CgroupMount[] {
  return mountinfo.split("\n").flatMap((line) => {
    const [mount = "", system = ""] = line.split(" - ");
    const path = mount.split(" ")[4] ?? "";
    const [type = "", , superOptions = ""] = system.split(" ");
    if ((type !== "cgroup" && type !== "cgroup2") || !path.startsWith("/sys/fs/cgroup")) return [];
    return [{ path, type, options: type === "cgroup" ? hierarchyOptions(superOptions) : "" }];
  });
}

/** `rw,xattr,name=systemd` → `none,name=systemd`; `rw,cpu,cpuacct` → `cpu,cpuacct` */
function hierarchyOptions(superOptions: string): string {
  const ignored = new Set(["rw", "ro", "xattr", "clone_children", "noprefix"]);
  const options = superOptions
    .split(",")
    .filter((option) => !ignored.has(option) && !option.startsWith("release_agent="));
  return options.some((option) => option.startsWith("name=")) ? ["none", ...options].join(",") : options.join(",");
}

/**
 * Makes a group in every hierarchy and returns the `cgroup.procs` files that a process joins it by. In version 2,
 * controllers are handed down to it, and daemons go to its child `daemons`: a group with controllers for its
 * children may not hold processes itself.
 */
export async function makeCgroup(disk: Disk, mounts: readonly CgroupMount[], path: string) {
  const own: string[] = [];
  const daemons: string[] = [];
  for (const mount of mounts) {
    const group = `${mount.path}${path}`;
    for (const ancestor of ancestors(path)) await makeGroup(disk, mount, ancestor);
    own.push(`${group}/cgroup.procs`);
    if (mount.type === "cgroup") daemons.push(`${group}/cgroup.procs`);
    else {
      await disk.makeDirectory(`${group}/daemons`);
      daemons.push(`${group}/daemons/cgroup.procs`);
    }
  }
  return { own, daemons };
}

/** `/a/b` → `/a`, `/a/b` */
function ancestors(path: string): readonly string[] {
  const parts = path.split("/").filter((part) => part !== "");
  return parts.map((_, at) => `/${parts.slice(0, at + 1).join("/")}`);
}

async function makeGroup(disk: Disk, mount: CgroupMount, path: string): Promise<void> {
  const group = `${mount.path}${path}`;
  const parent = group.slice(0, group.lastIndexOf("/"));
  if (mount.type === "cgroup2") await handDownControllers(disk, parent);
  await disk.makeDirectory(group);
  if (!mount.options.split(",").includes("cpuset")) return;
  // A new version 1 cpuset is empty and takes no process until it names processors and memory.
  for (const file of ["cpuset.cpus", "cpuset.mems"]) {
    if ((await disk.readText(`${group}/${file}`)).trim() !== "") continue;
    await disk.write(`${group}/${file}`, await disk.readText(`${parent}/${file}`), { atomic: false });
  }
}

async function handDownControllers(disk: Disk, group: string): Promise<void> {
  const controllers = (await disk.readText(`${group}/cgroup.controllers`)).trim().split(" ").filter(Boolean);
  for (const controller of controllers) {
    try {
      await disk.write(`${group}/cgroup.subtree_control`, `+${controller}`, { atomic: false });
    } catch (error) {
      // Some controllers cannot be handed down while processes are in the group; the rest is worth having.
      if (!isPlatformError(error)) throw error;
    }
  }
}
