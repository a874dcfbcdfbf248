import { type MetricsRegistry } from "../../component/index.ts";

/** What is counted for one webhook. Durations are milliseconds. */
export interface WebhookSeries {
  asked(result: "success" | "timeout" | "canceled" | "error", tookMs: number): void;
  failedOpen(result: string): void;
  excluded(): void;
  conditionFailed(): void;
}

const buckets = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 10, 15, 25, 60];

/** `apiserver_authorization_webhook_*` and `…_match_condition_*`. */
export function webhookMetrics(registry: MetricsRegistry): (name: string) => WebhookSeries {
  const of = (name: string, help: string) => ({ name: `apiserver_authorization_${name}`, help });
  const evaluations = registry.counters({
    ...of("webhook_evaluations_total", "Round trips to authorization webhooks."),
    stability: "BETA",
    labels: ["result", "name"],
  });
  const duration = registry.histograms({
    ...of("webhook_duration_seconds", "Request latency in seconds of authorization webhooks."),
    stability: "BETA",
    labels: ["result", "name"],
    buckets,
  });
  const failOpen = registry.counters({
    ...of("webhook_evaluations_fail_open_total", "NoOpinion results due to webhook timeout or error."),
    stability: "BETA",
    labels: ["result", "name"],
  });
  const exclusions = registry.counters({
    ...of("match_condition_exclusions_total", "Requests that did not meet the conditions of a webhook."),
    labels: ["type", "name"],
  });
  const errors = registry.counters({
    ...of(
      "match_condition_evaluation_errors_total",
      "Errors when an authorization webhook's conditions are evaluated.",
    ),
    labels: ["type", "name"],
  });
  return (name) => {
    const excluded = exclusions.with("Webhook", name);
    const failed = errors.with("Webhook", name);
    return {
      asked(result, tookMs) {
        evaluations.with(result, name).increment();
        duration.with(result, name).observe(tookMs / 1000);
      },
      failedOpen: (result) => failOpen.with(result, name).increment(),
      excluded: () => excluded.increment(),
      conditionFailed: () => failed.increment(),
    };
  };
}
