import type { Node } from "../../api/index.ts";

export type ZoneState = "Normal" | "PartialDisruption" | "FullDisruption";

export interface ZoneConfig {
  readonly evictionRate: number;
  readonly secondaryEvictionRate: number;
  readonly unhealthyThreshold: number;
  readonly largeClusterThreshold: number;
}

/** The failure zone of a node: region and zone of its labels. */
export function zoneOf({ metadata: { labels } }: Node): string {
  const region =
    labels?.["topology.kubernetes.io/region"] ?? labels?.["failure-domain.beta.kubernetes.io/region"] ?? "";
  const zone = labels?.["topology.kubernetes.io/zone"] ?? labels?.["failure-domain.beta.kubernetes.io/zone"] ?? "";
  return `${region}/${zone}`;
}

export function zoneState(ready: readonly boolean[], { unhealthyThreshold }: ZoneConfig): ZoneState {
  const bad = ready.filter((one) => !one).length;
  if (ready.length > 0 && bad === ready.length) return "FullDisruption";
  if (bad > 2 && bad / ready.length >= unhealthyThreshold) return "PartialDisruption";
  return "Normal";
}

export function isAllDown(zones: Iterable<{ readonly state: ZoneState }>): boolean {
  const states = [...zones];
  return states.length > 0 && states.every(({ state }) => state === "FullDisruption");
}

/**
 * Nodes a second that may be tainted for eviction in each zone. When every zone is down, the fault is more likely here
 * than there, and nobody is evicted.
 */
export function evictionRates(
  zones: ReadonlyMap<string, { readonly state: ZoneState; readonly size: number }>,
  config: ZoneConfig,
): ReadonlyMap<string, number> {
  const allDown = isAllDown(zones.values());
  const rates = new Map<string, number>();
  for (const [zone, { state, size }] of zones) {
    const reduced = size > config.largeClusterThreshold ? config.secondaryEvictionRate : 0;
    const rate = state === "PartialDisruption" ? reduced : config.evictionRate;
    rates.set(zone, allDown ? 0 : rate);
  }
  return rates;
}
