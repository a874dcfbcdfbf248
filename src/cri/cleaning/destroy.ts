import { messageOf } from "../../base/index.ts";
import type { Containerd, ContainerdPlatform } from "../containerd/instance.ts";
import { removeCgroup } from "./cgroups.ts";
import { unmountBelow } from "./mounts.ts";
import { removeAllPods } from "./pods.ts";
import { deleteRuntimeContainers, findShimSockets, findShims } from "./shims.ts";

const SHIM_GRACE_MS = 1_000;
const SHIM_KILL_MS = 10_000;
const SHIM_POLL_MS = 25;

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
  const { disk, processes } = platform;
  const { containerd } = options;
  const { paths } = containerd;
  await removePodsByRuntime(platform, options);
  await containerd.stop();
  if ((await disk.status(paths.state)) !== undefined) await endShims(platform, containerd);
  for (const cgroup of options.cgroups ?? []) await removeCgroup(platform, cgroup);
  await unmountBelow(processes, paths.directory, options.enter);
  await disk.remove(options.deleteData ? paths.directory : paths.state);
}

/** Shims end by themselves soon after their last container; what stays is killed, with its containers. */
async function endShims(platform: ContainerdPlatform, containerd: Containerd): Promise<void> {
  const { disk, processes, log } = platform;
  const { paths } = containerd;
  const sockets = await findShimSockets(disk, paths.state);
  const left = await waitForShims(platform, paths.socket, SHIM_GRACE_MS);
  if (left.length > 0) log.warn("killing what the runtime left running", { shims: left.length });
  const { runtimes } = await containerd.facts();
  for (const path of Object.values(runtimes)) await deleteRuntimeContainers(platform, path, `${paths.state}/oci`);
  for (const pid of left) processes.kill(pid, "SIGKILL");
  const stuck = await waitForShims(platform, paths.socket, SHIM_KILL_MS);
  if (stuck.length > 0) throw new Error(`shims do not end: ${stuck.join(", ")}`);
  for (const socket of sockets) await disk.remove(socket);
}

/** The shims that are still there after the time. */
async function waitForShims(
  { clock, disk }: ContainerdPlatform,
  socket: string,
  timeoutMs: number,
): Promise<readonly number[]> {
  const deadline = clock.monotonic() + timeoutMs;
  for (;;) {
    const found = await findShims(disk, socket);
    if (found.length === 0 || clock.monotonic() > deadline) return found;
    await clock.sleep(SHIM_POLL_MS);
  }
}

/** Tried twice: the first call may meet a containerd that is just ending. */
async function removePodsByRuntime(platform: ContainerdPlatform, options: DestroyOptions): Promise<void> {
  const { containerd, graceSeconds = 0 } = options;
  if ((await platform.disk.status(containerd.paths.state)) === undefined) return;
  for (let attempt = 1; attempt <= 2; attempt++) {
    const connection = await containerd.connect();
    try {
      await containerd.start();
      await removeAllPods(connection.runtime, graceSeconds);
      return;
    } catch (error) {
      platform.log.warn("pods could not be removed by the runtime", { attempt, error: messageOf(error) });
    } finally {
      connection.close();
    }
  }
}
