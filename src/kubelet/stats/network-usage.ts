import type { Disk } from "../../base/index.ts";

export interface InterfaceUsage {
  readonly name: string;
  readonly rxBytes: number;
  readonly rxPackets: number;
  readonly rxErrors: number;
  readonly rxDropped: number;
  readonly txBytes: number;
  readonly txPackets: number;
  readonly txErrors: number;
  readonly txDropped: number;
}

/** /proc/<pid>/net/dev, without loopback. */
export function parseNetDev(content: string): InterfaceUsage[] {
  const found: InterfaceUsage[] = [];
  for (const line of content.split("\n").slice(2)) {
    const [name = "", rest = ""] = line.split(":");
    const values = rest.trim().split(/\s+/).map(Number);
    if (name.trim() === "" || name.trim() === "lo" || values.length < 16) continue;
    const at = (index: number): number => values[index] ?? 0;
    found.push({
      name: name.trim(),
      rxBytes: at(0),
      rxPackets: at(1),
      rxErrors: at(2),
      rxDropped: at(3),
      txBytes: at(8),
      txPackets: at(9),
      txErrors: at(10),
      txDropped: at(11),
    });
  }
  return found;
}

/** The interfaces that a process sees; none when it is gone. */
export async function networkOf(disk: Disk, pid: number | "self"): Promise<InterfaceUsage[]> {
  try {
    return parseNetDev(await disk.readText(`/proc/${pid}/net/dev`));
  } catch {
    return [];
  }
}
