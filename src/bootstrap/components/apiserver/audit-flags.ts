import { type FlagValues, flag } from "../../../component/index.ts";

export const auditModes = ["batch", "blocking", "blocking-strict"];
export const auditLogFormats = ["legacy", "json"];

const log = {
  "audit-log-path": flag.text({
    usage: "If set, all requests coming to the apiserver will be logged to this file. '-' means standard out.",
  }),
  "audit-log-format": flag.text({
    usage: 'Format of saved audits. "legacy" is one line of text per event, "json" is structured.',
    default: "json",
  }),
  "audit-log-mode": flag.text({
    usage: "Whether requests wait for their events to be written: batch, blocking or blocking-strict.",
    default: "blocking",
  }),
  "audit-log-maxage": flag.integer({ usage: "Days that old audit log files are kept; 0 for ever.", default: 366 }),
  "audit-log-maxbackup": flag.integer({ usage: "Old audit log files that are kept; 0 for all.", default: 100 }),
  "audit-log-maxsize": flag.integer({
    usage: "Megabytes at which the audit log file is rotated; 0 for 100.",
    default: 100,
  }),
  "audit-log-compress": flag.boolean({ usage: "If set, the rotated log files will be compressed using gzip." }),
  "audit-log-version": flag.text({ usage: "API group and version of events.", default: "audit.k8s.io/v1" }),
  "audit-log-batch-buffer-size": flag.integer({ usage: "Events that may wait to be written.", default: 10_000 }),
  "audit-log-batch-max-size": flag.integer({ usage: "The maximum size of a batch.", default: 1 }),
  "audit-log-batch-max-wait": flag.duration({ usage: "How long a batch that is not full waits." }),
  "audit-log-batch-throttle-enable": flag.boolean({ usage: "Whether batching throttling is enabled." }),
  "audit-log-batch-throttle-qps": flag.number({ usage: "Batches per second on average, if throttled." }),
  "audit-log-batch-throttle-burst": flag.integer({ usage: "Batches at once, if throttled and not used before." }),
  "audit-log-truncate-enabled": flag.boolean({ usage: "Whether event and batch truncating is enabled." }),
  "audit-log-truncate-max-batch-size": flag.integer({ usage: "Bytes of a batch.", default: 10_485_760 }),
  "audit-log-truncate-max-event-size": flag.integer({ usage: "Bytes of an event.", default: 102_400 }),
};

const webhook = {
  "audit-webhook-config-file": flag.text({
    usage: "Path to a kubeconfig formatted file that defines the audit webhook configuration.",
  }),
  "audit-webhook-mode": flag.text({
    usage: "Whether requests wait for their events to be sent: batch, blocking or blocking-strict.",
    default: "batch",
  }),
  "audit-webhook-initial-backoff": flag.duration({ usage: "The wait before the first retry.", default: 10_000 }),
  "audit-webhook-version": flag.text({ usage: "API group and version of events.", default: "audit.k8s.io/v1" }),
  "audit-webhook-batch-buffer-size": flag.integer({ usage: "Events that may wait to be sent.", default: 10_000 }),
  "audit-webhook-batch-max-size": flag.integer({ usage: "The maximum size of a batch.", default: 400 }),
  "audit-webhook-batch-max-wait": flag.duration({
    usage: "How long a batch that is not full waits.",
    default: 30_000,
  }),
  "audit-webhook-batch-throttle-enable": flag.boolean({
    usage: "Whether batching throttling is enabled.",
    default: true,
  }),
  "audit-webhook-batch-throttle-qps": flag.number({ usage: "Batches per second on average.", default: 10 }),
  "audit-webhook-batch-throttle-burst": flag.integer({ usage: "Batches at once, if not used before.", default: 15 }),
  "audit-webhook-truncate-enabled": flag.boolean({ usage: "Whether event and batch truncating is enabled." }),
  "audit-webhook-truncate-max-batch-size": flag.integer({ usage: "Bytes of a batch.", default: 10_485_760 }),
  "audit-webhook-truncate-max-event-size": flag.integer({ usage: "Bytes of an event.", default: 102_400 }),
};

/** `--audit-*` of upstream's API server. */
export const auditFlags = {
  "audit-policy-file": flag.text({ usage: "Path to the file that defines the audit policy configuration." }),
  ...log,
  ...webhook,
};

export type AuditFlags = FlagValues<typeof auditFlags>;

/** What upstream refuses before it starts. */
export function checkAudit(flags: AuditFlags): readonly string[] {
  const problems: string[] = [];
  const writes = flags["audit-log-path"] !== "" || flags["audit-webhook-config-file"] !== "";
  if (!writes) return problems;
  for (const kind of ["log", "webhook"] as const) {
    const mode = flags[`audit-${kind}-mode`];
    if (!auditModes.includes(mode)) {
      problems.push(`invalid audit ${kind} mode ${mode}, allowed modes are "${auditModes.join('","')}"`);
    }
    const version = flags[`audit-${kind}-version`];
    if (version !== "audit.k8s.io/v1") {
      problems.push(`invalid audit ${kind} version ${version}, allowed versions are ["audit.k8s.io/v1"]`);
    }
    problems.push(...checkBatch(flags, kind), ...checkTruncation(flags, kind));
  }
  const format = flags["audit-log-format"];
  if (!auditLogFormats.includes(format)) {
    problems.push(`invalid audit log format ${format}, allowed formats are "${auditLogFormats.join('","')}"`);
  }
  for (const name of ["maxage", "maxbackup", "maxsize"] as const) {
    const value = flags[`audit-log-${name}`];
    if (value < 0) problems.push(`--audit-log-${name} ${value} can't be a negative number`);
  }
  return problems;
}

function checkBatch(flags: AuditFlags, kind: "log" | "webhook"): readonly string[] {
  if (flags[`audit-${kind}-mode`] !== "batch") return [];
  const problems: string[] = [];
  const buffer = flags[`audit-${kind}-batch-buffer-size`];
  const size = flags[`audit-${kind}-batch-max-size`];
  if (buffer <= 0) problems.push(`invalid audit batch ${kind} buffer size ${buffer}, must be a positive number`);
  if (size <= 0) problems.push(`invalid audit batch ${kind} max batch size ${size}, must be a positive number`);
  if (flags[`audit-${kind}-batch-throttle-enable`]) {
    const qps = flags[`audit-${kind}-batch-throttle-qps`];
    const burst = flags[`audit-${kind}-batch-throttle-burst`];
    if (qps <= 0) problems.push(`invalid audit batch ${kind} throttle QPS ${qps}, must be a positive number`);
    if (burst <= 0) problems.push(`invalid audit batch ${kind} throttle burst ${burst}, must be a positive number`);
  }
  return problems;
}

function checkTruncation(flags: AuditFlags, kind: "log" | "webhook"): readonly string[] {
  if (!flags[`audit-${kind}-truncate-enabled`]) return [];
  const event = flags[`audit-${kind}-truncate-max-event-size`];
  const batch = flags[`audit-${kind}-truncate-max-batch-size`];
  if (event <= 0) return [`invalid audit truncate ${kind} max event size ${event}, must be a positive number`];
  if (batch < event) {
    return [`invalid audit truncate ${kind} max batch size ${batch}, must be greater than max event size (${event})`];
  }
  return [];
}
