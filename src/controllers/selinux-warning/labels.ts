import type { Container, Pod, SELinuxOptions } from "../../api/index.ts";

/** Labels in which the containers of a pod see each of its volumes. */
export function labelsByVolume({ spec }: Pod): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  const { initContainers = [], containers = [], ephemeralContainers = [] } = spec;
  for (const container of [...initContainers, ...containers, ...(ephemeralContainers as readonly Container[])]) {
    const options = container.securityContext?.seLinuxOptions ?? spec.securityContext?.seLinuxOptions;
    for (const { name } of container.volumeMounts ?? []) {
      const labels = found.get(name) ?? new Set();
      found.set(name, options === undefined ? labels : labels.add(labelOf(options)));
    }
  }
  return found;
}

/** What is not given depends on the node, and is left empty. */
export function labelOf({ user = "", role = "", type = "", level = "" }: SELinuxOptions): string {
  const label = [user, role, type, level].join(":");
  return label === ":::" ? "" : label;
}

/** Empty users, roles and types may become anything; levels are never filled in. */
export function areLabelsInConflict(a: string, b: string): boolean {
  const [left, right] = [partsOf(a), partsOf(b)];
  if (left[3] !== right[3]) return true;
  return [0, 1, 2].some((index) => {
    const [one = "", other = ""] = [left[index], right[index]];
    return one !== other && one !== "" && other !== "";
  });
}

/** The level, which may have colons itself, is the rest. */
function partsOf(label: string): readonly [user: string, role: string, type: string, level: string] {
  const [user = "", role = "", type = "", ...level] = label.split(":");
  return [user, role, type, level.join(":")];
}
