import {
  type AuditBackend,
  auditErrors,
  AuditPolicy,
  type AuditSink,
  BatchBackend,
  BlockingBackend,
  LogSink,
  truncatingSink,
  WebhookSink,
} from "../../../apiserver/index.ts";
import type { Log, Platform } from "../../../base/index.ts";
import type { MetricsRegistry } from "../../../component/index.ts";
import type { AuditFlags } from "./audit-flags.ts";
import { type Outgoing, webhookClient } from "./webhook-client.ts";

export interface Audit {
  readonly policy: AuditPolicy;
  readonly backends: readonly AuditBackend[];
}

/** Batches under way at once: files are written in order, receivers may be slow. */
const parallel = { log: 1, webhook: 10 };
const webhookTimeoutMs = 30_000;

/** Undefined when there is no policy, or nowhere to write to. */
export async function auditOf(
  outgoing: Outgoing,
  log: Log,
  flags: AuditFlags,
  metrics: MetricsRegistry,
): Promise<Audit | undefined> {
  const { platform } = outgoing;
  const file = flags["audit-policy-file"];
  if (file === "") {
    if (flags["audit-log-path"] !== "")
      log.info("No audit policy file provided, no events will be recorded for log backend");
    if (flags["audit-webhook-config-file"] !== "") {
      log.info("No audit policy file provided, no events will be recorded for webhook backend");
    }
    return undefined;
  }
  const policy = AuditPolicy.parse(await platform.disk.readText(file));
  const errors = auditErrors(metrics);
  const backends: AuditBackend[] = [];
  if (flags["audit-log-path"] !== "") {
    backends.push(backendOf(platform, log, flags, "log", logSink(platform, flags), errors("log")));
  }
  if (flags["audit-webhook-config-file"] !== "") {
    const sink = await webhookSink(outgoing, flags);
    backends.push(backendOf(platform, log, flags, "webhook", sink, errors("webhook")));
  }
  return backends.length === 0 ? undefined : { policy, backends };
}

function backendOf(
  { clock }: Platform,
  log: Log,
  flags: AuditFlags,
  kind: "log" | "webhook",
  plain: AuditSink,
  onLost: (count: number) => void,
): AuditBackend {
  const limits = {
    eventBytesMax: flags[`audit-${kind}-truncate-max-event-size`],
    batchBytesMax: flags[`audit-${kind}-truncate-max-batch-size`],
  };
  const sink = flags[`audit-${kind}-truncate-enabled`] ? truncatingSink(plain, limits, onLost) : plain;
  const mode = flags[`audit-${kind}-mode`];
  if (mode !== "batch") return new BlockingBackend({ sink, log, strict: mode === "blocking-strict", onLost });
  const throttled = flags[`audit-${kind}-batch-throttle-enable`];
  const throttle = {
    qps: flags[`audit-${kind}-batch-throttle-qps`],
    burst: flags[`audit-${kind}-batch-throttle-burst`],
  };
  return new BatchBackend({
    ...{ clock, log, sink, onLost },
    bufferMax: flags[`audit-${kind}-batch-buffer-size`],
    batchMax: flags[`audit-${kind}-batch-max-size`],
    waitMs: flags[`audit-${kind}-batch-max-wait`],
    parallel: parallel[kind],
    ...(throttled ? { throttle } : {}),
  });
}

function logSink({ clock, disk }: Platform, flags: AuditFlags): AuditSink {
  const given = flags["audit-log-path"];
  const standardOut = given === "-";
  return new LogSink({
    clock,
    disk,
    path: standardOut ? "/dev/stdout" : given,
    format: flags["audit-log-format"] === "legacy" ? "legacy" : "json",
    bytesMax: standardOut ? Number.POSITIVE_INFINITY : (flags["audit-log-maxsize"] || 100) * 1024 * 1024,
    backupsMax: flags["audit-log-maxbackup"],
    daysMax: flags["audit-log-maxage"],
    compress: flags["audit-log-compress"],
  });
}

async function webhookSink(outgoing: Outgoing, flags: AuditFlags): Promise<AuditSink> {
  const { client, path } = await webhookClient(outgoing, flags["audit-webhook-config-file"], webhookTimeoutMs);
  return new WebhookSink({
    clock: outgoing.platform.clock,
    backoffMs: flags["audit-webhook-initial-backoff"],
    post: async (body, signal) => {
      const headers = { "content-type": "application/json" };
      const { status } = await client.raw({ method: "POST", path, headers, body, signal });
      if (status >= 300) throw new Error(`the audit webhook answered ${status}`);
    },
  });
}
