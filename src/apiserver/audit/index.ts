import type { Scheme } from "../../api/index.ts";
import type { Clock } from "../../base/index.ts";
import type { MetricsRegistry } from "../../component/index.ts";
import { BodyReader } from "./bodies.ts";
import type { AuditBackend, Auditor } from "./contract.ts";
import type { AuditPolicy } from "./policy.ts";
import { PolicyAuditor } from "./policy-auditor.ts";

export type { AuditBackend, AuditEvent, Auditor, AuditLevel, AuditStage } from "./contract.ts";
export { LogBackend, type LogBackendOptions } from "./log-backend.ts";
export { AuditPolicy } from "./policy.ts";
export { WebhookBackend, type WebhookBackendOptions } from "./webhook-backend.ts";

export interface AuditorConfig {
  readonly policy: AuditPolicy;
  readonly backends: readonly AuditBackend[];
  readonly scheme: Scheme;
  readonly clock: Clock;
  readonly metrics: MetricsRegistry;
}

/** An auditor that counts what it records: `apiserver_audit_*`. */
export function createAuditor({ policy, backends, scheme, clock, metrics }: AuditorConfig): Auditor {
  const events = metrics.counter({ name: "apiserver_audit_event_total", help: "Audit events made." });
  const byLevel = metrics.counters({
    name: "apiserver_audit_level_total",
    help: "Audited requests by the level of their events.",
    labels: ["level"],
  });
  return new PolicyAuditor({
    policy,
    backends,
    bodies: new BodyReader(scheme),
    clock,
    onEvent: ({ level, stage }) => {
      events.increment();
      if (stage === "ResponseComplete") byLevel.with(level).increment();
    },
  });
}

/** Counts what a backend could not take. */
export function auditErrors(metrics: MetricsRegistry): (backend: string) => (count: number) => void {
  const errors = metrics.counters({
    name: "apiserver_audit_error_total",
    help: "Audit events that were lost, by backend.",
    labels: ["plugin"],
  });
  return (backend) => {
    const lost = errors.with(backend);
    return (count) => lost.increment(count);
  };
}
