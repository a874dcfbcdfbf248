import type { Disk } from "../../base/index.ts";
import type { Pod } from "../types.ts";

/** Keeps the owner. */
const unchanged = 0xffff_ffff;

/** Gives a writable volume to the pod's `fsGroup`: group, group permissions, and new files inherit the group. */
export async function applyFsGroup(disk: Disk, path: string, pod: Pod): Promise<void> {
  const group = pod.spec?.securityContext?.fsGroup;
  if (group === undefined) return;
  await walk(disk, path, group);
}

async function walk(disk: Disk, path: string, group: number): Promise<void> {
  const status = await disk.status(path);
  if (status === undefined || status.kind === "symlink") return;
  await disk.changeOwner(path, unchanged, group);
  if (status.kind !== "directory") {
    await disk.changeMode(path, status.mode | 0o660);
    return;
  }
  await disk.changeMode(path, status.mode | 0o2770);
  for (const name of await disk.list(path)) await walk(disk, `${path}/${name}`, group);
}
