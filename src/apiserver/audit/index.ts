import type { Scheme } from "../../api/index.ts";
import type { Clock } from "../../base/index.ts";
import type { MetricsRegistry } from "../../component/index.ts";
import { BodyReader } from "./bodies.ts";
import type { AuditBackend, Auditor } from "./contract.ts";
import type { AuditPolicy } from "./policy.ts";
import { PolicyAuditor } from "./policy-auditor.ts";

export { BatchBackend, type BatchOptions } from "./batch-backend.ts";
export { BlockingBackend, type BlockingOptions } from "./blocking-backend.ts";
export type { AuditBackend, AuditEvent, Auditor, AuditLevel, AuditSink, AuditStage } from "./contract.ts";
export { LogSink, type LogSinkOptions } from "./log-sink.ts";
export { AuditPolicy } from "./policy.ts";
export { type TruncationLimits, truncatingSink } from "./truncating-sink.ts";
export { WebhookSink, type WebhookSinkOptions } from "./webhook-sink.ts";

export interface AuditorConfig {
  readonly policy: AuditPolicy;
  readonly backends: readonly AuditBackend[];
  readonly scheme: Scheme;
  readonly clock: Clock;
  readonly metrics: MetricsRegistry;
}

/** An auditor that counts what it records: `apiserver_audit_*`. */
export function createAuditor({ policy, backends, scheme, clock, metrics }: AuditorConfig): Auditor {
  const events = metrics.counter({
    name: "apiserver_audit_event_total",
    help: "Audit events made and sent to the backends.",
  });
  const byLevel = metrics.counters({
    name: "apiserver_audit_level_total",
    help: "Requests by the audit level that the policy gives them.",
    labels: ["level"],
  });
  const levels = {
    None: byLevel.with("None"),
    Metadata: byLevel.with("Metadata"),
    Request: byLevel.with("Request"),
    RequestResponse: byLevel.with("RequestResponse"),
  };
  const rejected = metrics.counter({
    name: "apiserver_audit_requests_rejected_total",
    help: "Requests refused because of an error of an audit backend.",
  });
  return new PolicyAuditor({
    policy,
    backends,
    bodies: new BodyReader(scheme),
    clock,
    onEvent: () => events.increment(),
    onRejected: () => rejected.increment(),
    onDecision: (level) => levels[level].increment(),
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
