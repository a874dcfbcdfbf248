import type { AuditEvent, AuditSink } from "./contract.ts";

export interface TruncationLimits {
  /** `--audit-*-truncate-max-event-size`. */
  readonly eventBytesMax: number;
  /** `--audit-*-truncate-max-batch-size`. */
  readonly batchBytesMax: number;
}

const truncated = { "audit.k8s.io/truncated": "true" };

/** Takes bodies out of events that are too large, and splits batches that are. What is still too large is lost. */
export function truncatingSink(
  sink: AuditSink,
  { eventBytesMax, batchBytesMax }: TruncationLimits,
  onLost: (count: number) => void,
): AuditSink {
  return {
    name: sink.name,
    async write(events, signal) {
      let batch: AuditEvent[] = [];
      let batchBytes = 0;
      for (const event of events) {
        const fitting = shortened(event, eventBytesMax);
        if (fitting === undefined) {
          onLost(1);
          continue;
        }
        if (batch.length > 0 && batchBytes + fitting.bytes > batchBytesMax) {
          await sink.write(batch, signal);
          [batch, batchBytes] = [[], 0];
        }
        batch.push(fitting.event);
        batchBytes += fitting.bytes;
      }
      if (batch.length > 0) await sink.write(batch, signal);
    },
  };
}

function shortened(event: AuditEvent, bytesMax: number): { event: AuditEvent; bytes: number } | undefined {
  const bytes = sizeOf(event);
  if (bytes <= bytesMax) return { event, bytes };
  const { requestObject: _request, responseObject: _response, ...rest } = event;
  const without = { ...rest, annotations: { ...rest.annotations, ...truncated } };
  const left = sizeOf(without);
  return left <= bytesMax ? { event: without, bytes: left } : undefined;
}

function sizeOf(event: AuditEvent): number {
  return Buffer.byteLength(JSON.stringify(event));
}
