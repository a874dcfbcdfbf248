import { type Disk, type Processes, runChecked } from "../../base/index.ts";

export interface MountPoint {
  readonly path: string;
  readonly type: string;
}

/** Reads /proc/self/mountinfo; octal escapes in paths are resolved. */
export function parseMountInfo(text: string): MountPoint[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [before = "", after = ""] = line.split(" - ");
      const path = (before.split(" ")[4] ?? "").replace(/\\([0-7]{3})/g, (_, octal: string) =>
        String.fromCharCode(Number.parseInt(octal, 8)),
      );
      return { path, type: after.split(" ")[0] ?? "" };
    });
}

/** Mounts of this machine, through the mount commands. */
export class Mounter {
  readonly #processes: Processes;
  readonly #disk: Disk;

  constructor(processes: Processes, disk: Disk) {
    this.#processes = processes;
    this.#disk = disk;
  }

  async list(): Promise<MountPoint[]> {
    return parseMountInfo(await this.#disk.readText("/proc/self/mountinfo"));
  }

  async isMounted(path: string): Promise<boolean> {
    return (await this.list()).some((mount) => mount.path === path);
  }

  async mount(
    type: string,
    source: string,
    target: string,
    options: readonly string[],
    signal?: AbortSignal,
  ): Promise<void> {
    const flags = options.length > 0 ? ["-o", options.join(",")] : [];
    await runChecked(this.#processes, "mount", ["-t", type, ...flags, source, target], { signal });
  }

  /** Unmounts everything at or below the path, the deepest first. Nothing mounted is not an error. */
  async unmountAll(path: string): Promise<void> {
    const below = (await this.list()).filter((mount) => mount.path === path || mount.path.startsWith(`${path}/`));
    for (const { path: target } of below.sort((a, b) => b.path.length - a.path.length)) {
      await runChecked(this.#processes, "umount", [target]);
    }
  }
}
