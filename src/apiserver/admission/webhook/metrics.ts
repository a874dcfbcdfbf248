import type { MetricsRegistry } from "../../../component/index.ts";
import type { AdmissionAttributes } from "../contract.ts";

/** What came of asking a webhook. */
export type HookOutcome =
  | { readonly type: "answered"; readonly code: number }
  | { readonly type: "refused"; readonly code: number }
  /** It could not be asked; `open` when that was to be ignored. */
  | { readonly type: "failed"; readonly code: number; readonly open: boolean }
  | { readonly type: "internal-error" };

/** `apiserver_admission_webhook_*`, under upstream's names and labels. */
export interface WebhookMetrics {
  observe(
    name: string,
    type: "admit" | "validating",
    of: AdmissionAttributes,
    tookMs: number,
    outcome: HookOutcome,
  ): void;
  /** The match conditions of a webhook were evaluated. */
  conditions(
    name: string,
    type: "admit" | "validating",
    of: AdmissionAttributes,
    tookMs: number,
    result: "met" | "excluded" | "failed",
  ): void;
}

export function webhookMetrics(registry: MetricsRegistry): WebhookMetrics {
  const prefix = "apiserver_admission_webhook_";
  const duration = registry.histograms({
    name: `${prefix}admission_duration_seconds`,
    help: "How long webhooks take, by what was asked.",
    stability: "STABLE",
    labels: ["name", "type", "operation", "rejected"],
    buckets: [0.005, 0.025, 0.1, 0.5, 1.0, 2.5, 10, 25],
  });
  const requests = registry.counters({
    name: `${prefix}request_total`,
    help: "Requests that webhooks were asked about.",
    labels: ["name", "type", "operation", "code", "rejected"],
  });
  const rejections = registry.counters({
    name: `${prefix}rejection_count`,
    help: "Requests that were refused because of a webhook.",
    labels: ["name", "type", "operation", "error_type", "rejection_code"],
  });
  const open = registry.counters({
    name: `${prefix}fail_open_count`,
    help: "Failures of webhooks that were ignored.",
    labels: ["name", "type"],
  });
  const conditions = conditionSeries(registry);
  return {
    conditions,
    observe(name, type, { operation }, tookMs, outcome) {
      const code = outcome.type === "internal-error" ? 0 : Math.min(outcome.code, 600);
      const isOpen = outcome.type === "failed" && outcome.open;
      const rejected = outcome.type !== "answered" && !isOpen;
      duration.with(name, type, operation, String(rejected)).observe(tookMs / 1000);
      requests.with(name, type, operation, String(code), String(rejected)).increment();
      if (isOpen) open.with(name, type).increment();
      if (rejected)
        rejections.with(name, type, operation, errorTypes[outcome.type] ?? "no_error", String(code)).increment();
    },
  };
}

function conditionSeries(registry: MetricsRegistry): WebhookMetrics["conditions"] {
  const of = (name: string, help: string) => ({
    name: `apiserver_admission_match_condition_${name}`,
    help,
    labels: ["name", "kind", "type", "operation"] as const,
  });
  const seconds = registry.histograms({
    ...of("evaluation_seconds", "How long match conditions take."),
    buckets: [0.001, 0.005, 0.01, 0.025, 0.1, 0.2, 0.25],
  });
  const errors = registry.counters(of("evaluation_errors_total", "Match conditions that could not be evaluated."));
  const exclusions = registry.counters(of("exclusions_total", "Requests that match conditions kept away."));
  return (name, type, { operation }, tookMs, result) => {
    seconds.with(name, "webhook", type, operation).observe(tookMs / 1000);
    if (result === "failed") errors.with(name, "webhook", type, operation).increment();
    if (result === "excluded") exclusions.with(name, "webhook", type, operation).increment();
  };
}

const errorTypes: Readonly<Record<string, string>> = {
  refused: "no_error",
  failed: "calling_webhook_error",
  "internal-error": "apiserver_internal_error",
};
