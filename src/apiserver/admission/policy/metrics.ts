import type { MetricsRegistry } from "../../../component/index.ts";
import { outOfBudget } from "./expressions.ts";

export type PolicyAction = "deny" | "audit" | "warn";

/** `apiserver_validating_admission_policy_*` and `apiserver_mutating_admission_policy_*`, under upstream's labels. */
export interface PolicyMetrics {
  /** A validation failed, and its binding says what comes of that. */
  validated(policy: string, binding: string, action: PolicyAction, message: string, tookMs: number): void;
  /** `problem`: why a mutation could not be made. */
  mutated(policy: string, binding: string, problem: string | undefined, tookMs: number): void;
}

const buckets = [0.000_000_5, 0.001, 0.01, 0.1, 1];

export function policyMetrics(registry: MetricsRegistry): PolicyMetrics {
  const series = <Label extends string>(kind: string, stability: "ALPHA" | "BETA", labels: readonly Label[]) => ({
    total: registry.counters({
      stability,
      name: `apiserver_${kind}_admission_policy_check_total`,
      help: "What came of policies, by binding and what was done.",
      labels,
    }),
    took: registry.histograms({
      stability,
      name: `apiserver_${kind}_admission_policy_check_duration_seconds`,
      help: "How long policies take, by binding and what was done.",
      labels,
      buckets,
    }),
  });
  const common = ["policy", "policy_binding", "error_type"] as const;
  const validating = series("validating", "BETA", [...common, "enforcement_action"]);
  const mutating = series("mutating", "ALPHA", common);
  return {
    validated(policy, binding, action, message, tookMs) {
      const labels = [policy, binding, errorType(message), action] as const;
      validating.total.with(...labels).increment();
      validating.took.with(...labels).observe(tookMs / 1000);
    },
    mutated(policy, binding, problem, tookMs) {
      const labels = [policy, binding, problem === undefined ? "no_error" : errorType(problem)] as const;
      mutating.total.with(...labels).increment();
      mutating.took.with(...labels).observe(tookMs / 1000);
    },
  };
}

/** A validation that is simply not met counts as invalid, upstream too. */
function errorType(message: string): string {
  if (message.startsWith("compilation")) return "compile_error";
  return message.startsWith(outOfBudget) ? "out_of_budget" : "invalid_error";
}
