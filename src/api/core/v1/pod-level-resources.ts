import { parseQuantity, Quantity } from "../../../apimachinery/index.ts";
import type { Container, PodSpec } from "./types.ts";

type ResourceList = Record<string, string>;

/**
 * Requests and huge page limits of the pod as a whole, where its author set some of them: the rest follow from its
 * containers, and failing those from its limits.
 */
export function fillPodLevelResources(spec: PodSpec): void {
  const { resources } = spec;
  if (resources === undefined) return;
  fillHugePageLimits(spec, resources);
  if (resources.limits === undefined || Object.keys(resources.limits).length === 0) return;
  const requests: ResourceList = { ...resources.requests };
  for (const [name, amount] of effectiveAmounts(spec, "requests")) {
    if (isPodLevel(name) && !isHugePages(name)) requests[name] ??= amount.toString();
  }
  for (const [name, limit] of Object.entries(resources.limits)) if (isPodLevel(name)) requests[name] ??= limit;
  if (Object.keys(requests).length > 0) resources.requests = requests;
}

function fillHugePageLimits(spec: PodSpec, resources: NonNullable<PodSpec["resources"]>): void {
  const given = { ...resources.limits, ...resources.requests };
  if (Object.keys(given).length === 0) return;
  const limits: ResourceList = { ...resources.limits };
  for (const [name, amount] of effectiveAmounts(spec, "limits")) {
    if (isHugePages(name) && resources.requests?.[name] === undefined) limits[name] ??= amount.toString();
  }
  if (Object.keys(limits).length > 0) resources.limits = limits;
}

/**
 * What the containers need together: those that run side by side are added up, and an init container counts with
 * the sidecars started before it, if that is more.
 */
function effectiveAmounts(spec: PodSpec, which: "requests" | "limits"): Map<string, Quantity> {
  const running = new Map<string, Quantity>();
  const sidecars = new Map<string, Quantity>();
  const starting = new Map<string, Quantity>();
  for (const container of spec.containers ?? []) addAll(running, container, which);
  for (const container of spec.initContainers ?? []) {
    if (container.restartPolicy === "Always") {
      addAll(running, container, which);
      addAll(sidecars, container, which);
      keepMost(starting, sidecars);
    } else {
      const together = new Map(sidecars);
      addAll(together, container, which);
      keepMost(starting, together);
    }
  }
  keepMost(running, starting);
  return running;
}

function addAll(total: Map<string, Quantity>, container: Container, which: "requests" | "limits"): void {
  for (const [name, text] of Object.entries(container.resources?.[which] ?? {})) {
    total.set(name, (total.get(name) ?? Quantity.zero).add(parseQuantity(text)));
  }
}

function keepMost(most: Map<string, Quantity>, other: ReadonlyMap<string, Quantity>): void {
  for (const [name, amount] of other) {
    const known = most.get(name);
    if (known === undefined || known.compare(amount) < 0) most.set(name, amount);
  }
}

function isPodLevel(name: string): boolean {
  return name === "cpu" || name === "memory" || isHugePages(name);
}

function isHugePages(name: string): boolean {
  return name.startsWith("hugepages-");
}
