import { type Disk, isPlatformError, type Processes } from "../../base/index.ts";

/** The shims that serve one containerd, told by the socket in their arguments. */
export async function findShims(disk: Disk, socket: string): Promise<readonly number[]> {
  const pids = (await disk.list("/proc")).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const words = (await readOrEmpty(disk, `/proc/${pid}/cmdline`)).split("\0");
      const ours = words[0]?.includes("containerd-shim") && words[words.indexOf("-address") + 1] === socket;
      return ours === true ? [Number(pid)] : [];
    }),
  );
  return found.flat();
}

/** The sockets of shims, which lie outside of containerd's state directory; each task's bundle names one. */
export async function findShimSockets(disk: Disk, stateDirectory: string): Promise<readonly string[]> {
  const tasks = `${stateDirectory}/io.containerd.runtime.v2.task`;
  const sockets: string[] = [];
  for (const namespace of await listOrEmpty(disk, tasks)) {
    for (const id of await listOrEmpty(disk, `${tasks}/${namespace}`)) {
      const address = await readOrEmpty(disk, `${tasks}/${namespace}/${id}/address`);
      if (address.startsWith("unix://")) sockets.push(address.slice("unix://".length).trim());
    }
  }
  return sockets;
}

/** Kills the containers that an OCI runtime still knows of under its root, and what they left behind. */
export async function deleteRuntimeContainers(
  { disk, processes }: { readonly disk: Disk; readonly processes: Processes },
  runtimePath: string,
  root: string,
): Promise<void> {
  for (const namespace of await listOrEmpty(disk, root)) {
    for (const id of await listOrEmpty(disk, `${root}/${namespace}`)) {
      await processes.run(runtimePath, ["--root", `${root}/${namespace}`, "delete", "--force", id]);
    }
  }
}

async function listOrEmpty(disk: Disk, path: string): Promise<readonly string[]> {
  try {
    return await disk.list(path);
  } catch (error) {
    if (isPlatformError(error)) return [];
    throw error;
  }
}

async function readOrEmpty(disk: Disk, path: string): Promise<string> {
  try {
    return await disk.readText(path);
  } catch (error) {
    if (isPlatformError(error)) return "";
    throw error;
  }
}
