import type { PodSpec, ResourceRequirements } from "../../../api/index.ts";
import {
  type FieldPath,
  forbidden,
  invalid,
  notSupported,
  parseQuantity,
  Quantity,
} from "../../../apimachinery/index.ts";
import type { Errors } from "./check.ts";
import { checkResourceName, checkResources, isHugePages } from "./resources.ts";

type Resources = Readonly<Record<string, Quantity>>;

/** `spec.resources` of a pod: for the whole of it. */
export function checkPodLevelResources(
  spec: PodSpec,
  claimNames: ReadonlySet<string>,
  path: FieldPath,
  errors: Errors,
): void {
  const { resources } = spec;
  if (resources === undefined) return;
  const at = path.child("resources");
  if (spec.os?.name === "windows") {
    errors.push(forbidden(at, "may not be set for a windows pod"));
    return;
  }
  if (resources.claims !== undefined) {
    errors.push(forbidden(at.child("claims"), "claims may not be set for Resources at pod-level"));
  }
  checkResources(resources, checkPodResourceName, claimNames, at, errors);
  checkConsistency(spec, resources, at, errors);
}

function checkPodResourceName(name: string, path: FieldPath, errors: Errors): void {
  const before = errors.length;
  checkResourceName(name, path, errors);
  if (errors.length > before || name === "cpu" || name === "memory" || isHugePages(name)) return;
  errors.push(notSupported(path, name, ["cpu", "hugepages-", "memory"]));
}

function checkConsistency(spec: PodSpec, resources: ResourceRequirements, path: FieldPath, errors: Errors): void {
  for (const [name, needed] of Object.entries(aggregate(spec, "requests"))) {
    const own = resources.requests?.[name];
    if (own === undefined || needed.compare(parseQuantity(own)) <= 0) continue;
    const detail = `must be greater than or equal to aggregate container requests of ${needed}`;
    errors.push(invalid(path.child("requests").key(name), own, detail));
  }
  for (const [name, needed] of Object.entries(aggregate(spec, "limits"))) {
    const own = resources.limits?.[name];
    if (!isHugePages(name) || own === undefined || needed.compare(parseQuantity(own)) <= 0) continue;
    const detail = `must be greater than or equal to aggregate container limits of ${needed}`;
    errors.push(invalid(path.child("limits").key(name), own, detail));
  }
  (spec.containers ?? []).forEach((container, index) => {
    for (const [name, limit] of Object.entries(container.resources?.limits ?? {})) {
      const own = resources.limits?.[name];
      if (own === undefined || parseQuantity(limit).compare(parseQuantity(own)) <= 0) continue;
      const at = path.child("containers").index(index).key(name).child("limits");
      errors.push(invalid(at, limit, `must be less than or equal to pod limits of ${own}`));
    }
  });
}

/**
 * What the containers need together: all that run side by side, or the most that one init container needs beside
 * the sidecars started before it.
 */
function aggregate(spec: PodSpec, kind: "requests" | "limits"): Resources {
  let running: Resources = {};
  for (const container of spec.containers ?? []) running = sum(running, read(container.resources?.[kind]));
  let sidecars: Resources = {};
  let initial: Resources = {};
  for (const container of spec.initContainers ?? []) {
    const own = read(container.resources?.[kind]);
    if (container.restartPolicy === "Always") {
      running = sum(running, own);
      sidecars = sum(sidecars, own);
      initial = larger(initial, sidecars);
    } else initial = larger(initial, sum(own, sidecars));
  }
  return larger(running, initial);
}

function read(list: Readonly<Record<string, string>> | undefined): Resources {
  return Object.fromEntries(Object.entries(list ?? {}).map(([name, value]) => [name, parseQuantity(value)]));
}

function sum(a: Resources, b: Resources): Resources {
  return merge(a, b, (x, y) => x.add(y));
}

function larger(a: Resources, b: Resources): Resources {
  return merge(a, b, (x, y) => (x.compare(y) >= 0 ? x : y));
}

function merge(a: Resources, b: Resources, combine: (x: Quantity, y: Quantity) => Quantity): Resources {
  const result: Record<string, Quantity> = { ...a };
  for (const name in b) result[name] = combine(result[name] ?? Quantity.zero, b[name] ?? Quantity.zero);
  return result;
}
