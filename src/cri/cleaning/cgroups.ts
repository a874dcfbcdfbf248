import { type Clock, type Disk, isPlatformError, type Processes } from "../../base/index.ts";

const CGROUP_ROOT = "/sys/fs/cgroup";
const ATTEMPTS_MAX = 50;
const RETRY_MS = 20;

/**
 * Kills what runs in a cgroup and below it and removes it from every hierarchy (version 1, 2 or both). `path` is
 * relative to the root of the hierarchies and must name a group of our own, for example `/k8ts/default`.
 */
export async function removeCgroup(
  platform: { readonly clock: Clock; readonly disk: Disk; readonly processes: Processes },
  path: string,
): Promise<void> {
  if (path.split("/").filter((part) => part !== "" && part !== "..").length === 0) {
    throw new Error(`${JSON.stringify(path)} is not a cgroup that may be removed`);
  }
  const { clock, disk, processes } = platform;
  for (const group of await groupsNamed(disk, path)) {
    for (let attempt = 0; (await disk.status(group)) !== undefined; attempt++) {
      if (attempt === ATTEMPTS_MAX) throw new Error(`cgroup ${group} cannot be removed: it still holds processes`);
      if (attempt > 0) await clock.sleep(RETRY_MS);
      for (const pid of await processesBelow(disk, group)) processes.kill(pid, "SIGKILL");
      await processes.run("find", [group, "-depth", "-type", "d", "-exec", "rmdir", "{}", ";"]);
    }
  }
}

async function groupsNamed(disk: Disk, path: string): Promise<readonly string[]> {
  const hierarchies = (await disk.list(CGROUP_ROOT)).map((name) => `${CGROUP_ROOT}/${name}`);
  const found: string[] = [];
  for (const hierarchy of [CGROUP_ROOT, ...hierarchies]) {
    const group = `${hierarchy}/${path.replace(/^\/+/, "")}`;
    if ((await disk.status(group))?.kind === "directory") found.push(group);
  }
  return found;
}

async function processesBelow(disk: Disk, group: string): Promise<readonly number[]> {
  try {
    const own = (await disk.readText(`${group}/cgroup.procs`)).split("\n").filter((line) => line !== "");
    const below: (readonly number[])[] = [];
    for (const name of await disk.list(group)) {
      if ((await disk.status(`${group}/${name}`))?.kind === "directory") {
        below.push(await processesBelow(disk, `${group}/${name}`));
      }
    }
    return [...own.map(Number), ...below.flat()];
  } catch (error) {
    if (isPlatformError(error)) return [];
    throw error;
  }
}
