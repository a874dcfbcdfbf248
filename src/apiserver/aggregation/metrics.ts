import type { APIService } from "../../api/index.ts";
import type { MetricsRegistry } from "../../component/index.ts";
import { entriesOf } from "../cacher/range.ts";
import type { ResourceTable } from "../handlers/served.ts";

/** `aggregator_unavailable_apiservice`: 1 for each registration that cannot be reached. Read when asked for. */
export function addAggregationMetrics(registry: MetricsRegistry, table: () => ResourceTable): void {
  const unavailable = registry.gauges({
    name: "aggregator_unavailable_apiservice",
    help: "1 for APIServices that are not available, 0 for the others.",
    labels: ["name"],
  });
  registry.beforeRender(() => {
    unavailable.clear();
    const cache = table().get("apiregistration.k8s.io", "v1", "apiservices")?.registry.cache;
    if (cache?.ready !== true) return;
    for (const entry of entriesOf(cache.snapshot(), { prefix: cache.prefix })) {
      const { status } = entry.peeked as APIService;
      const condition = status?.conditions?.find(({ type }) => type === "Available");
      unavailable.with(entry.name).set(condition?.status === "True" ? 0 : 1);
    }
  });
}
