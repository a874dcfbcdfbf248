import { StatusError } from "../../apimachinery/index.ts";
import type { MetricsRegistry } from "../../component/index.ts";
import type { ApiResponse } from "../http/exchange.ts";

/** What is told of requests by their status codes. */
export interface StreamMetrics {
  /** Remote commands of WebSocket clients, translated for kubelets. */
  readonly translated: (code: number) => void;
  /** Forwarded ports inside WebSocket messages. */
  readonly tunnelled: (code: number) => void;
}

/** `apiserver_stream_translator_requests_total` and `apiserver_stream_tunnel_requests_total`. */
export function streamMetrics(registry: MetricsRegistry): StreamMetrics {
  const counters = (name: string, help: string) => {
    const family = registry.counters({ name: `apiserver_stream_${name}_requests_total`, help, labels: ["code"] });
    return (code: number): void => family.with(String(code)).increment();
  };
  return {
    translated: counters("translator", "Remote commands over WebSocket that were translated to SPDY."),
    tunnelled: counters("tunnel", "Port-forwards over SPDY that were carried by WebSocket."),
  };
}

/** Counts how a request for a stream came out. */
export async function counted(
  count: ((code: number) => void) | undefined,
  success: number,
  work: () => Promise<ApiResponse>,
): Promise<ApiResponse> {
  try {
    const response = await work();
    count?.(response.body.type === "taken" ? success : response.status);
    return response;
  } catch (error) {
    count?.(error instanceof StatusError ? (error.status.code ?? 500) : 500);
    throw error;
  }
}
