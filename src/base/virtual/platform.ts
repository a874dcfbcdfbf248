import type { Platform } from "../platform.ts";
import { VirtualClock } from "./clock.ts";
import { MemoryDisk } from "./disk.ts";
import { MemoryNetwork } from "./network.ts";
import { ScriptedProcesses } from "./processes.ts";
import { SeededRandom } from "./random.ts";

export interface VirtualPlatform extends Platform {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly network: MemoryNetwork;
  readonly disk: MemoryDisk;
  readonly processes: ScriptedProcesses;
}

export interface VirtualPlatformOptions {
  readonly seed?: number | string;
  /** Wall time at the beginning. */
  readonly startMs?: number;
}

/** A whole machine in memory. The same seed and the same calls give the same run. */
export function createVirtualPlatform(options: VirtualPlatformOptions = {}): VirtualPlatform {
  const clock = new VirtualClock(options.startMs);
  return Object.freeze({
    clock,
    random: new SeededRandom(options.seed ?? 1),
    network: new MemoryNetwork(clock),
    disk: new MemoryDisk(clock),
    processes: new ScriptedProcesses(),
  });
}
