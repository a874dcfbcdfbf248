import { quantityMilli, quantityValue } from "../quantity.ts";
import type { Machine } from "./machine.ts";

export interface Reservations {
  /** Amounts by resource name, as `--system-reserved` and `--kube-reserved` give them. */
  readonly systemReserved: Readonly<Record<string, string>>;
  readonly kubeReserved: Readonly<Record<string, string>>;
  /** `memory.available` of `--eviction-hard`, bytes or a percentage. */
  readonly evictionHardMemory: string;
}

export interface Resources {
  readonly capacity: Readonly<Record<string, string>>;
  readonly allocatable: Readonly<Record<string, string>>;
}

export interface ResourceFacts {
  readonly machine: Machine;
  readonly diskTotalBytes: number;
  readonly maxPods: number;
  readonly hugepages: Readonly<Record<string, number>>;
  readonly reservations: Reservations;
}

/** The node's capacity, and what of it pods may ask for. */
export function nodeResources({ machine, diskTotalBytes, maxPods, hugepages, reservations }: ResourceFacts): Resources {
  const huge = Object.fromEntries(Object.entries(hugepages).map(([name, bytes]) => [name, String(bytes)]));
  const hugeBytes = Object.values(hugepages).reduce((sum, bytes) => sum + bytes, 0);
  const capacity = {
    cpu: String(machine.cpus),
    "ephemeral-storage": `${Math.floor(diskTotalBytes / 1024)}Ki`,
    ...huge,
    memory: `${Math.floor(machine.memoryBytes / 1024)}Ki`,
    pods: String(maxPods),
  };
  const reserved = (name: string): string[] =>
    [reservations.systemReserved[name], reservations.kubeReserved[name]].filter((one) => one !== undefined);
  const cpuMilli = machine.cpus * 1000 - reserved("cpu").reduce((sum, one) => sum + quantityMilli(one), 0);
  const evictionBytes = threshold(reservations.evictionHardMemory, machine.memoryBytes);
  const memory =
    machine.memoryBytes -
    hugeBytes -
    evictionBytes -
    reserved("memory").reduce((sum, one) => sum + quantityValue(one), 0);
  const disk = diskTotalBytes * 0.9 - reserved("ephemeral-storage").reduce((sum, one) => sum + quantityValue(one), 0);
  const allocatable = {
    cpu: cpuMilli % 1000 === 0 ? String(Math.max(0, cpuMilli / 1000)) : `${Math.max(0, cpuMilli)}m`,
    "ephemeral-storage": String(Math.max(0, Math.floor(disk))),
    ...huge,
    memory: `${Math.max(0, Math.floor(memory / 1024))}Ki`,
    pods: String(maxPods),
  };
  return { capacity, allocatable };
}

/** An amount, or a percentage of the whole. */
export function threshold(text: string, whole: number): number {
  return text.endsWith("%") ? (Number(text.slice(0, -1)) / 100) * whole : quantityValue(text || "0");
}
