import type { MetricsRegistry } from "../../component/index.ts";

/** Upstream's `node_collector_*` series. Told of every zone in every round. */
export interface ZoneMetrics {
  evicted(zone: string): void;
  /** How many nodes a zone has, and how many of them are ready. */
  zone(name: string, nodes: number, ready: number): void;
}

export function zoneMetrics(registry: MetricsRegistry): ZoneMetrics {
  const labels = ["zone"] as const;
  const of = (name: string, help: string) => ({ name: `node_collector_${name}`, help, labels });
  const evictions = registry.counters({
    ...of("evictions_total", "Nodes whose pods were told to go, since this instance has started."),
    stability: "STABLE",
  });
  const sizes = registry.gauges(of("zone_size", "Nodes of each zone."));
  const health = registry.gauges(of("zone_health", "Nodes of each zone that are ready, in percent."));
  const unhealthy = registry.gauges(of("unhealthy_nodes_in_zone", "Nodes of each zone that are not ready."));
  return {
    evicted: (zone) => evictions.with(labelOf(zone)).increment(),
    zone: (zone, nodes, ready) => {
      const name = labelOf(zone);
      evictions.with(name).increment(0);
      sizes.with(name).set(nodes);
      health.with(name).set(nodes === 0 ? 100 : (100 * ready) / nodes);
      unhealthy.with(name).set(nodes - ready);
    },
  };
}

/** Upstream: `GetZoneKey`. */
function labelOf(zone: string): string {
  return zone === "/" ? "" : zone.replace("/", ":\0:");
}
