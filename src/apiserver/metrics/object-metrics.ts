import type { MetricsRegistry } from "../../component/index.ts";
import type { ResourceCache } from "../cacher/resource-cache.ts";
import type { ResourceTable } from "../handlers/served.ts";

/** How many objects of each resource there are, as far as their caches are filled; and the build's version. */
export function addObjectMetrics(registry: MetricsRegistry, table: ResourceTable): void {
  const stored = registry.gauges({
    name: "apiserver_storage_objects",
    help: "Objects by resource. Superseded by apiserver_resource_objects.",
    stability: "STABLE",
    labels: ["resource"],
  });
  const objects = registry.gauges({
    name: "apiserver_resource_objects",
    help: "Objects by group and resource.",
    labels: ["group", "resource"],
  });
  const cached = registry.gauges({
    name: "apiserver_watch_cache_resource_version",
    help: "Current resource version of the watch cache, by resource.",
    labels: ["group", "resource"],
  });
  const cacheSeries = watchCacheSeries(registry);
  registry.beforeRender(() => {
    stored.clear();
    objects.clear();
    cached.clear();
    cacheSeries.clear();
    for (const { descriptor, registry: resources } of table.all()) {
      const { cache } = resources;
      if (!cache.ready) continue;
      const { group, facts } = descriptor;
      stored.with(group === "" ? facts.name : `${facts.name}.${group}`).set(cache.size);
      objects.with(group, facts.name).set(cache.size);
      cached.with(group, facts.name).set(cache.revision);
      cacheSeries.show(group, facts.name, cache);
    }
  });
}

/** Read from the caches when they are asked for; the caches themselves count nothing for them. */
function watchCacheSeries(registry: MetricsRegistry) {
  const labels = ["group", "resource"] as const;
  const received = registry.counters({
    name: "apiserver_watch_cache_events_received_total",
    help: "Events that the watch cache took in, by resource.",
    labels,
  });
  const storeEvents = registry.counters({
    name: "apiserver_storage_events_received_total",
    help: "Events that came from the store, by resource.",
    stability: "BETA",
    labels,
  });
  const dispatched = registry.counters({
    name: "apiserver_watch_cache_events_dispatched_total",
    help: "Events that the watch cache handed on, by resource.",
    labels,
  });
  const fills = registry.counters({
    name: "apiserver_watch_cache_initializations_total",
    help: "Times that the watch cache was filled, by resource.",
    labels,
  });
  const capacity = registry.gauges({
    name: "watch_cache_capacity",
    help: "Events that the watch cache can hold, by resource.",
    labels,
  });
  return {
    clear: () => {
      for (const family of [received, storeEvents, dispatched, fills, capacity]) family.clear();
    },
    show: (group: string, resource: string, { ring, fills: filled }: ResourceCache) => {
      received.with(group, resource).increment(ring.next);
      storeEvents.with(group, resource).increment(ring.next);
      dispatched.with(group, resource).increment(ring.next);
      fills.with(group, resource).increment(filled);
      capacity.with(group, resource).set(ring.capacity);
    },
  };
}
