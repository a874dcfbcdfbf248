import type { Random } from "../../base/index.ts";

/** The identity of a span, as W3C Trace Context carries it between processes. */
export interface TraceContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  readonly sampled: boolean;
}

const form = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** Reads a `traceparent` header. `undefined` for anything that the specification says to ignore. */
export function parseTraceparent(header: string | undefined): TraceContext | undefined {
  const [, version, traceId = "", spanId = "", flags = "", rest] = form.exec(header?.trim() ?? "") ?? [];
  if (version === undefined || version === "ff" || (version === "00" && rest !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export function formatTraceparent({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled ? "01" : "00"}`;
}

/** A new span within the parent's trace, or the first of a new trace. */
export function startSpan(random: Random, parent?: TraceContext): TraceContext {
  const spanId = Buffer.from(random.bytes(8)).toString("hex");
  if (parent !== undefined) return { ...parent, spanId };
  return { traceId: Buffer.from(random.bytes(16)).toString("hex"), spanId, sampled: false };
}
