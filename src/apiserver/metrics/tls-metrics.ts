import type { MetricsRegistry } from "../../component/index.ts";

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;
const month = 30 * day;

/** `apiserver_tls_handshake_errors_total`. Call what is returned for each. */
export function handshakeErrors(registry: MetricsRegistry): () => void {
  const errors = registry.counter({
    name: "apiserver_tls_handshake_errors_total",
    help: "Requests that were dropped since the TLS handshake failed.",
  });
  return () => errors.increment();
}

/** `apiserver_client_certificate_expiration_seconds`. Told what is left of the certificate of each request. */
export function certificateExpirations(registry: MetricsRegistry): (leftMs: number) => void {
  const left = registry.histogram({
    name: "apiserver_client_certificate_expiration_seconds",
    help: "What is left of the lifetime of the certificates that requests are authenticated by.",
    buckets: [0, 30 * minute, hour, 2 * hour, 6 * hour, 12 * hour].concat(
      [1, 2, 4, 7].map((days) => days * day),
      [1, 3, 6, 12].map((months) => months * month),
    ),
  });
  return (leftMs) => left.observe(leftMs / 1000);
}
