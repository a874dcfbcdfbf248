import type { Service } from "../../api/index.ts";
import type { Key } from "../../reconcile/index.ts";
import { defaultBuckets, exponentialBuckets, type MetricsRegistry } from "../../component/index.ts";
import { endpointsPerSliceMax } from "./slices.ts";

/** What became of the slices of one Service. */
export interface SliceSync {
  /** Endpoints of each group: of addresses of one type with the same ports. */
  readonly groups: readonly number[];
  readonly slices: number;
  readonly added: number;
  readonly removed: number;
  readonly changes: number;
}

export type SliceChange = "create" | "update" | "delete";

export interface SliceMetrics {
  synced(key: Key, service: Service, sync: SliceSync): void;
  changed(operation: SliceChange): void;
  ended(result: "success" | "stale" | "error"): void;
  /** A Service is gone, or has no slices of this controller any more. */
  forget(key: Key): void;
}

interface Held {
  readonly endpoints: number;
  readonly slices: number;
  readonly desired: number;
  readonly distribution: string;
}

/** Upstream's series of the subsystem `endpoint_slice_controller`. */
export function sliceMetrics(registry: MetricsRegistry): SliceMetrics {
  const { added, removed, changedPerSync, changes, syncs } = counts(registry);
  const held = new Map<Key, Held>();
  showHeld(registry, held);
  return {
    synced(key, { spec }, sync) {
      added.observe(sync.added);
      removed.observe(sync.removed);
      const distribution = spec.trafficDistribution ?? "";
      changedPerSync.with("Disabled", distribution).observe(sync.changes);
      const desired = sync.groups.reduce((sum, endpoints) => sum + Math.ceil(endpoints / endpointsPerSliceMax), 0);
      const endpoints = sync.groups.reduce((sum, count) => sum + count, 0);
      held.set(key, { endpoints, slices: sync.slices, desired: Math.max(1, desired), distribution });
    },
    changed: (operation) => changes.with(operation).increment(),
    ended: (result) => syncs.with(result).increment(),
    forget: (key) => void held.delete(key),
  };
}

function counts(registry: MetricsRegistry) {
  const of = (name: string, help: string) => ({ name: `endpoint_slice_controller_${name}`, help });
  const buckets = exponentialBuckets(2, 2, 15);
  return {
    added: registry.histogram({
      ...of("endpoints_added_per_sync", "Endpoints that came to a Service at one look."),
      ...{ stability: "BETA", buckets },
    }),
    removed: registry.histogram({
      ...of("endpoints_removed_per_sync", "Endpoints that left a Service at one look."),
      ...{ stability: "BETA", buckets },
    }),
    changedPerSync: registry.histograms({
      ...of("endpointslices_changed_per_sync", "Slices that were written at one look at a Service."),
      ...{ labels: ["topology", "traffic_distribution"], buckets: defaultBuckets },
    }),
    changes: registry.counters({ ...of("changes", "Slices that were written, by how."), labels: ["operation"] }),
    syncs: registry.counters({ ...of("syncs", "Looks at Services, by how they ended."), labels: ["result"] }),
  };
}

function showHeld(registry: MetricsRegistry, held: ReadonlyMap<Key, Held>): void {
  const of = (name: string, help: string) =>
    ({ name: `endpoint_slice_controller_${name}`, help, stability: "BETA" }) as const;
  const endpoints = registry.gauge(of("endpoints_desired", "Endpoints of all Services."));
  const actual = registry.gauge(of("num_endpoint_slices", "Slices that there are."));
  const desired = registry.gauge(of("desired_endpoint_slices", "Slices that there would be if all were full."));
  const distributions = registry.gauges({
    ...of("services_count_by_traffic_distribution", "Services that ask for a traffic distribution."),
    labels: ["traffic_distribution"],
  });
  registry.beforeRender(() => {
    const sums = { endpoints: 0, slices: 0, desired: 0 };
    distributions.clear();
    for (const one of held.values()) {
      sums.endpoints += one.endpoints;
      sums.slices += one.slices;
      sums.desired += one.desired;
      if (one.distribution !== "") distributions.with(one.distribution).increment();
    }
    endpoints.set(sums.endpoints);
    actual.set(sums.slices);
    desired.set(sums.desired);
  });
}
