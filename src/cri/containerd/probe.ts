import { type Disk, isPlatformError, type Processes, runChecked } from "../../base/index.ts";
import type { ContainerdFacts, ContainerdVersion } from "./config.ts";

const CAP_SYS_RESOURCE = 24n;

export interface ProbeOptions {
  readonly disk: Disk;
  readonly processes: Processes;
  /** A place on the file system that will hold containerd's root. */
  readonly directory: string;
  /** OCI runtimes to look for, preferred first. */
  readonly runtimes: readonly string[];
}

/** Finds out what this machine's containerd may and can do. Rejects with an `Error` that says what is missing. */
export async function probeContainerd(options: ProbeOptions): Promise<ContainerdFacts> {
  const { disk, processes } = options;
  const [version, runtimes, snapshotter, mayLowerOomScore] = await Promise.all([
    containerdVersion(processes),
    findRuntimes(processes, options.runtimes),
    findSnapshotter(options),
    disk.readText("/proc/self/status").then(hasSysResource),
  ]);
  return { version, runtimes, snapshotter, mayLowerOomScore };
}

async function containerdVersion(processes: Processes): Promise<ContainerdVersion> {
  try {
    return parseContainerdVersion(await runChecked(processes, "containerd", ["--version"]));
  } catch (error) {
    if (isPlatformError(error, "ENOENT")) throw new Error("containerd is not installed (Debian package containerd)");
    throw error;
  }
}

/** `containerd github.com/containerd/containerd v1.7.24~ds1 …`; a `v` may be there or not. */
export function parseContainerdVersion(text: string): ContainerdVersion {
  const match = /\bv?(\d+)\.(\d+)\.\d+/.exec(text);
  if (match === null) throw new Error(`cannot read containerd's version from ${JSON.stringify(text)}`);
  const version = { major: Number(match[1]), minor: Number(match[2]) };
  if (version.major < 1 || (version.major === 1 && version.minor < 6)) {
    throw new Error(`containerd ${version.major}.${version.minor} is too old: 1.6 or later is needed`);
  }
  return version;
}

export function hasSysResource(processStatus: string): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(processStatus)?.[1] ?? "0";
  return ((BigInt(`0x${effective}`) >> CAP_SYS_RESOURCE) & 1n) === 1n;
}

async function findRuntimes(processes: Processes, names: readonly string[]): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of names) {
    const { code, stdout } = await processes.run("sh", ["-c", 'PATH="$PATH:/usr/sbin:/sbin" command -v "$0"', name]);
    if (code === 0) found[name] = stdout.trim();
  }
  if (Object.keys(found).length === 0) throw new Error(`no OCI runtime is installed: one of ${names.join(", ")}`);
  return found;
}

/** Tries an overlay mount where the snapshots will be, in a mount namespace that ends with the attempt. */
async function findSnapshotter({ disk, processes, directory }: ProbeOptions): Promise<"overlayfs" | "native"> {
  const scratch = `${directory}/overlay-probe`;
  await disk.makeDirectory(scratch);
  try {
    const script = [
      'cd "$0" && mkdir -p lower1 lower2 upper work merged',
      "mount -t overlay overlay -o lowerdir=lower1:lower2,upperdir=upper,workdir=work merged",
      "touch merged/file",
    ].join(" && ");
    const { code } = await processes.run("unshare", ["--mount", "sh", "-c", script, scratch]);
    return code === 0 ? "overlayfs" : "native";
  } finally {
    await disk.remove(scratch);
  }
}
