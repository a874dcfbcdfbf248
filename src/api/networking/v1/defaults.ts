import type { NetworkPolicySpec } from "./types.ts";

/** Defaults that depend on other fields, by type; they run after the plain ones of `facts.json`. */
export const defaults = { NetworkPolicySpec: fillPolicyTypes } as const;

/** Every policy is about ingress, and about egress too if it says anything of it. */
function fillPolicyTypes(spec: NetworkPolicySpec): void {
  if ((spec.policyTypes?.length ?? 0) > 0) return;
  spec.policyTypes = (spec.egress?.length ?? 0) > 0 ? ["Ingress", "Egress"] : ["Ingress"];
}
