import type { Disk } from "../../base/index.ts";

/** What the machine is, from /proc, /sys and /etc. */
export interface Machine {
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly architecture: string;
  readonly hostname: string;
  readonly machineId: string;
  readonly systemUuid: string;
  readonly bootId: string;
  readonly kernelVersion: string;
  readonly osImage: string;
  readonly pidMax: number;
}

const architectures: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

export async function readMachine(disk: Disk, architecture: string): Promise<Machine> {
  const text = async (path: string): Promise<string> => {
    try {
      return (await disk.readText(path)).trim();
    } catch {
      return "";
    }
  };
  const bootId = await text("/proc/sys/kernel/random/boot_id");
  const machineId = (await text("/etc/machine-id")) || (await text("/var/lib/dbus/machine-id"));
  return {
    cpus: countCpus(await text("/proc/stat")),
    memoryBytes: memoryTotal(await text("/proc/meminfo")),
    architecture: architectures[architecture] ?? architecture,
    hostname: (await text("/proc/sys/kernel/hostname")) || (await text("/etc/hostname")) || "localhost",
    machineId,
    systemUuid: (await text("/sys/class/dmi/id/product_uuid")) || machineId,
    bootId,
    kernelVersion: await text("/proc/sys/kernel/osrelease"),
    osImage: prettyName(await text("/etc/os-release")),
    pidMax: Number(await text("/proc/sys/kernel/pid_max")) || 32_768,
  };
}

export function countCpus(stat: string): number {
  return stat.split("\n").filter((line) => /^cpu\d+ /.test(line)).length || 1;
}

/** Bytes. */
export function memoryTotal(meminfo: string): number {
  return meminfoValue(meminfo, "MemTotal");
}

export function meminfoValue(meminfo: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(meminfo)?.[1] ?? 0) * 1024;
}

function prettyName(osRelease: string): string {
  return /^PRETTY_NAME="?([^"\n]*)"?/m.exec(osRelease)?.[1] ?? "Linux";
}
