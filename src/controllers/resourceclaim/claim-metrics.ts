import type { resourceV1 } from "../../api/index.ts";
import type { Lister } from "../../client/index.ts";
import type { MetricsRegistry } from "../../component/index.ts";
import { asksForAdminAccess, claimLabels } from "./pod-claims.ts";

export interface ClaimMetrics {
  created(status: "success" | "failure", spec: resourceV1.ResourceClaimSpec): void;
}

/** Upstream's series of the subsystem `resourceclaim_controller`. */
export function claimMetrics(registry: MetricsRegistry, claims: Lister<resourceV1.ResourceClaim>): ClaimMetrics {
  const creates = registry.counters({
    name: "resourceclaim_controller_creates_total",
    help: "Claims that were asked for, by outcome and whether for admin access.",
    labels: ["status", "admin_access"],
  });
  const all = registry.gauges({
    name: "resourceclaim_controller_resource_claims",
    help: "Claims there are, by whether they are allocated or for admin access, and by what they were made from.",
    labels: ["allocated", "admin_access", "source"],
  });
  registry.beforeRender(() => {
    all.clear();
    for (const claim of claims.list()) {
      const { allocated, adminAccess, source } = claimLabels(claim);
      all.with(allocated, adminAccess, source).increment();
    }
  });
  return { created: (status, spec) => creates.with(status, String(asksForAdminAccess(spec))).increment() };
}
