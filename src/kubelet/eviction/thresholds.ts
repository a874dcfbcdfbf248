import { threshold } from "../node/resources.ts";

export type EvictionSignal =
  | "memory.available"
  | "nodefs.available"
  | "nodefs.inodesFree"
  | "imagefs.available"
  | "pid.available";
export type Pressure = "memory" | "disk" | "pid";

export interface Observation {
  readonly available: number;
  readonly capacity: number;
}

export type Observations = Partial<Record<EvictionSignal, Observation>>;

export interface Crossed {
  readonly signal: EvictionSignal;
  readonly pressure: Pressure;
  /** The resource as eviction messages name it. */
  readonly resource: string;
  readonly available: number;
  readonly limit: number;
}

const meanings: Readonly<Record<EvictionSignal, readonly [Pressure, string]>> = {
  "memory.available": ["memory", "memory"],
  "nodefs.available": ["disk", "ephemeral-storage"],
  "nodefs.inodesFree": ["disk", "inodes"],
  "imagefs.available": ["disk", "ephemeral-storage"],
  "pid.available": ["pid", "pids"],
};

/** The hard thresholds that are crossed, memory first. */
export function crossed(hard: Readonly<Record<string, string>>, observations: Observations): Crossed[] {
  const found: Crossed[] = [];
  for (const [signal, [pressure, resource]] of Object.entries(meanings) as [
    EvictionSignal,
    readonly [Pressure, string],
  ][]) {
    const text = hard[signal];
    const seen = observations[signal];
    if (text === undefined || seen === undefined) continue;
    const limit = threshold(text, seen.capacity);
    if (seen.available < limit) found.push({ signal, pressure, resource, available: seen.available, limit });
  }
  return found;
}
