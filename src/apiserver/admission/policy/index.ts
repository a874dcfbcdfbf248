export { conditionMatcher } from "./conditions.ts";
export { policyMetrics } from "./metrics.ts";
export { type MutatingInputs, mutatingPolicies } from "./mutating.ts";
export { PolicyParams } from "./params.ts";
export { type PolicyInputs, validatingPolicies } from "./validating.ts";
