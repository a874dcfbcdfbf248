import { type AuditBackend, auditErrors, AuditPolicy, LogBackend, WebhookBackend } from "../../../apiserver/index.ts";
import type { Log, Platform } from "../../../base/index.ts";
import { createHttpClient, loadKubeconfig, resolveKubeconfig } from "../../../client/index.ts";
import type { MetricsRegistry } from "../../../component/index.ts";
import type { ApiserverFlags } from "./flags.ts";

export interface Audit {
  readonly policy: AuditPolicy;
  readonly backends: readonly AuditBackend[];
}

/** Undefined when there is no policy, or nowhere to write to. */
export async function auditOf(
  platform: Platform,
  log: Log,
  flags: ApiserverFlags,
  metrics: MetricsRegistry,
): Promise<Audit | undefined> {
  const file = flags["audit-policy-file"];
  if (file === "") return undefined;
  const policy = AuditPolicy.parse(await platform.disk.readText(file));
  const errors = auditErrors(metrics);
  const backends: AuditBackend[] = [];
  if (flags["audit-log-path"] !== "") backends.push(logBackend(platform, log, flags, errors("log")));
  if (flags["audit-webhook-config-file"] !== "") {
    backends.push(await webhookBackend(platform, log, flags, errors("webhook")));
  }
  return backends.length === 0 ? undefined : { policy, backends };
}

function logBackend(
  { clock, disk }: Platform,
  log: Log,
  flags: ApiserverFlags,
  onDropped: (count: number) => void,
): AuditBackend {
  const given = flags["audit-log-path"];
  return new LogBackend({
    clock,
    disk,
    log,
    path: given === "-" ? "/dev/stdout" : given,
    bytesMax: given === "-" ? Number.POSITIVE_INFINITY : (flags["audit-log-maxsize"] || 100) * 1024 * 1024,
    backupsMax: flags["audit-log-maxbackup"],
    daysMax: flags["audit-log-maxage"],
    onDropped,
  });
}

async function webhookBackend(
  platform: Platform,
  log: Log,
  flags: ApiserverFlags,
  onDropped: (count: number) => void,
): Promise<AuditBackend> {
  const { clock, disk, processes } = platform;
  const { cluster, user } = resolveKubeconfig(await loadKubeconfig(disk, [flags["audit-webhook-config-file"]]));
  const { origin, pathname, search } = new URL(cluster.server);
  const client = createHttpClient({
    cluster: { ...cluster, server: origin },
    user,
    clock,
    disk,
    processes,
    timeoutMs: 30_000,
  });
  return new WebhookBackend({
    clock,
    log,
    bufferMax: flags["audit-webhook-batch-buffer-size"],
    batchMax: flags["audit-webhook-batch-max-size"],
    waitMs: flags["audit-webhook-batch-max-wait"],
    backoffMs: flags["audit-webhook-initial-backoff"],
    onDropped,
    post: async (body, signal) => {
      const headers = { "content-type": "application/json" };
      const { status } = await client.raw({ method: "POST", path: `${pathname}${search}`, headers, body, signal });
      if (status >= 300) throw new Error(`the audit webhook answered ${status}`);
    },
  });
}
