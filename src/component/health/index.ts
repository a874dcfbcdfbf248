export { type HealthAnswer, type HealthCheck, HealthChecks, type HealthFailure } from "./health-checks.ts";
export { healthMetrics } from "./health-metrics.ts";
