import type { Container, Pod } from "../api/index.ts";
import { parseQuantity } from "../apimachinery/index.ts";
import { MetricsRegistry } from "../component/index.ts";
import { podAmounts } from "./cache/resources.ts";

type Amounts = ReadonlyMap<string, number>;

const labels = ["namespace", "pod", "node", "scheduler", "priority", "resource", "unit"] as const;
/** Pods times resources; what is over it is counted as dropped. */
const seriesMax = 1_000_000;

/** Upstream's `/metrics/resources`: what pods ask for and may use at most, as scheduler and kubelet reckon. */
export function podResourceMetrics(pods: () => Iterable<Pod>): MetricsRegistry {
  const registry = new MetricsRegistry();
  const of = (name: string, help: string) => registry.gauges({ name, help, stability: "STABLE", labels, seriesMax });
  const requests = of("kube_pod_resource_request", "What pods ask for, by resource.");
  const limits = of("kube_pod_resource_limit", "What pods may use at most, by resource.");
  registry.beforeRender(() => {
    requests.clear();
    limits.clear();
    for (const pod of pods()) {
      if (isAtItsEnd(pod)) continue;
      const { metadata, spec } = pod;
      const { namespace = "", name = "" } = metadata;
      const about = [namespace, name, spec?.nodeName ?? "", spec?.schedulerName ?? "", String(spec?.priority ?? "")];
      for (const [family, kind] of [
        [requests, "requests"],
        [limits, "limits"],
      ] as const) {
        for (const [resource, amount] of amountsIn(pod, kind)) {
          if (amount !== 0) family.with(...about, resource, unitOf(resource)).set(amount);
        }
      }
    }
  });
  return registry;
}

function isAtItsEnd({ spec, status }: Pod): boolean {
  return (spec?.nodeName ?? "") !== "" && (status?.phase === "Succeeded" || status?.phase === "Failed");
}

function amountsIn(pod: Pod, kind: "requests" | "limits"): Amounts {
  const exactly = (list: Readonly<Record<string, string>> | undefined) =>
    new Map(Object.entries(list ?? {}).map(([name, text]) => [name, exactValue(text)]));
  const sum = podAmounts(pod, ({ resources }: Container) => exactly(resources?.[kind]));
  for (const [name, amount] of exactly(pod.spec?.resources?.[kind])) sum.set(name, amount);
  for (const [name, amount] of exactly(pod.spec?.overhead)) {
    // Overhead adds to limits that there are, and makes none.
    if (kind === "requests" || (sum.get(name) ?? 0) !== 0) sum.set(name, (sum.get(name) ?? 0) + amount);
  }
  return sum;
}

/** In whole units, with fractions down to billionths. */
function exactValue(text: string): number {
  const quantity = parseQuantity(text);
  return quantity.isWhole() ? quantity.value() : Number(quantity.scaled(-9)) / 1e9;
}

function unitOf(resource: string): string {
  if (resource === "cpu") return "cores";
  if (["memory", "storage", "ephemeral-storage"].includes(resource) || resource.startsWith("hugepages-"))
    return "bytes";
  return resource.startsWith("attachable-volumes-") ? "integer" : "";
}
