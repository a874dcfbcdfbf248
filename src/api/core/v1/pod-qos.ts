import type { Pod, ResourceRequirements } from "./types.ts";
import { parseQuantity, Quantity } from "../../../apimachinery/index.ts";

const compute = ["cpu", "memory"] as const;
type Totals = Map<string, Quantity>;

/** The quality of service that a pod's requests and limits amount to. */
export function podQos(pod: Pod): "Guaranteed" | "Burstable" | "BestEffort" {
  const own = pod.spec.resources;
  const all = own === undefined ? containerResources(pod) : [own];
  const requests: Totals = new Map();
  const limits: Totals = new Map();
  let guaranteed = true;
  for (const resources of all) {
    addAll(requests, resources?.requests);
    const found = addAll(limits, resources?.limits);
    if (found < compute.length) guaranteed = false;
  }
  if (requests.size === 0 && limits.size === 0) return "BestEffort";
  const equal = [...requests].every(([name, value]) => limits.get(name)?.compare(value) === 0);
  return guaranteed && equal && requests.size === limits.size ? "Guaranteed" : "Burstable";
}

function containerResources({ spec }: Pod): readonly (ResourceRequirements | undefined)[] {
  return [...(spec.containers ?? []), ...(spec.initContainers ?? [])].map(({ resources }) => resources);
}

/** Returns how many of the compute resources were there. */
function addAll(totals: Totals, list: Readonly<Record<string, string>> | undefined): number {
  let found = 0;
  for (const name of compute) {
    const value = parseQuantity(list?.[name] ?? "0");
    if (value.sign <= 0) continue;
    found++;
    totals.set(name, (totals.get(name) ?? Quantity.zero).add(value));
  }
  return found;
}
