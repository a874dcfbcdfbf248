import type { ClientObserver } from "../../../client/index.ts";
import type { MetricsRegistry } from "../../../component/index.ts";
import type { CallObserver } from "./caller.ts";

/** `rest_client_*` of webhooks, and what is wrong with their certificates. */
export function callObserver(
  registry: MetricsRegistry,
  clients: ((host: string) => ClientObserver) | undefined,
): CallObserver {
  const nameless = registry.counter({
    name: "apiserver_webhooks_x509_missing_san_total",
    help: "Calls of webhooks whose certificate has no subject alternative name.",
  });
  const weak = registry.counter({
    name: "apiserver_webhooks_x509_insecure_sha1_total",
    help: "Calls of webhooks whose certificate is signed with SHA-1.",
  });
  return {
    answered: (host, code, tookMs) => clients?.(host).answered("POST", code, tookMs),
    failed(error) {
      for (let each: unknown = error; each instanceof Error; each = each.cause) {
        if (isNameless(each)) nameless.increment();
        if (/md too weak/i.test(each.message)) weak.increment();
      }
    },
  };
}

interface NameError extends Error {
  readonly code?: string;
  readonly cert?: { readonly subjectaltname?: string };
}

function isNameless({ code, cert }: NameError): boolean {
  return code === "ERR_TLS_CERT_ALTNAME_INVALID" && cert !== undefined && cert.subjectaltname === undefined;
}
