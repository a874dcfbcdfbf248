import { messageOf } from "../../base/index.ts";
import type { Containerd, ContainerdPlatform } from "../containerd/instance.ts";
import { removeCgroup } from "./cgroups.ts";
import { unmountBelow } from "./mounts.ts";
import { removeAllPods } from "./pods.ts";
import { deleteRuntimeContainers, findShimSockets, findShims } from "./shims.ts";

export interface DestroyOptions {
  readonly containerd: Containerd;
  /** The prefix that containerd was started with. */
  readonly enter?: readonly string[];
  /** Cgroups of our own, removed with all below them. */
  readonly cgroups?: readonly string[];
  /** Seconds that containers get after their stop signal. Default 0. */
  readonly graceSeconds?: number;
  /** Also removes images and metadata; otherwise the next start finds them again. */
  readonly deleteData: boolean;
}

/**
 * Ends a containerd and everything that it started: first in the regular way over CRI, so that CNI plug-ins take
 * their networks down, then whatever is left by force. Works on the remains of a crash too.
 */
export async function destroyContainerd(platform: ContainerdPlatform, options: DestroyOptions): Promise<void> {
  const { disk, processes, log } = platform;
  const { containerd } = options;
  const { paths } = containerd;
  await removePodsByRuntime(platform, options);
  await containerd.stop();

  if ((await disk.status(paths.state)) !== undefined) {
    const sockets = await findShimSockets(disk, paths.state);
    const left = await findShims(disk, paths.socket);
    if (left.length > 0) log.warn("killing what the runtime left running", { shims: left.length });
    const { runtimes } = await containerd.facts();
    for (const path of Object.values(runtimes)) await deleteRuntimeContainers(platform, path, `${paths.state}/oci`);
    for (const pid of left) processes.kill(pid, "SIGKILL");
    for (const socket of sockets) await disk.remove(socket);
  }
  for (const cgroup of options.cgroups ?? []) await removeCgroup(platform, cgroup);
  await unmountBelow(processes, paths.directory, options.enter);
  await disk.remove(options.deleteData ? paths.directory : paths.state);
}

async function removePodsByRuntime(platform: ContainerdPlatform, options: DestroyOptions): Promise<void> {
  const { containerd } = options;
  if ((await platform.disk.status(containerd.paths.state)) === undefined) return;
  try {
    await containerd.start();
    const connection = containerd.connect();
    try {
      await removeAllPods(connection.runtime, options.graceSeconds ?? 0);
    } finally {
      connection.close();
    }
  } catch (error) {
    platform.log.warn("pods could not be removed by the runtime", { error: messageOf(error) });
  }
}
