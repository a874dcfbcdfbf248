import type { Container, PodSpec } from "./types.ts";

/** A pod's containers of all three kinds: those of its start, its own, and those added to look into it. */
export function containersOf(spec: Partial<PodSpec> | undefined): readonly Container[] {
  const { initContainers = [], containers = [], ephemeralContainers = [] } = spec ?? {};
  return [...initContainers, ...containers, ...(ephemeralContainers as readonly Container[])];
}
