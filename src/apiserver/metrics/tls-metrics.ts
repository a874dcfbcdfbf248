import type { MetricsRegistry } from "../../component/index.ts";

/** `apiserver_tls_handshake_errors_total`. Call what is returned for each. */
export function handshakeErrors(registry: MetricsRegistry): () => void {
  const errors = registry.counter({
    name: "apiserver_tls_handshake_errors_total",
    help: "Requests that were dropped since the TLS handshake failed.",
  });
  return () => errors.increment();
}
