import type { Service } from "../../api/index.ts";
import type { DiagnosticsAnswer } from "../../component/index.ts";
import type { RenderedPort } from "../rules/render.ts";

/** What a load balancer's health check asks this node about a Service with `externalTrafficPolicy: Local`. */
export interface ServiceHealth {
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
  readonly localEndpoints: number;
}

/** `undefined` when the Service has no health check node port. */
export function serviceHealth(service: Service, rendered: readonly RenderedPort[]): ServiceHealth | undefined {
  const port = service.spec?.healthCheckNodePort ?? 0;
  if (port === 0 || service.spec?.externalTrafficPolicy !== "Local") return undefined;
  const ready = rendered.flatMap(({ chosen }) => chosen.local.filter((endpoint) => endpoint.ready));
  const addresses = new Set(ready.map(({ address }) => address));
  return {
    namespace: service.metadata.namespace ?? "",
    name: service.metadata.name ?? "",
    port,
    localEndpoints: addresses.size,
  };
}

/** The answer in upstream's form: 200 while this node has local endpoints and a working proxy. */
export function healthAnswer(
  { namespace, name, localEndpoints }: ServiceHealth,
  proxyHealthy: boolean,
): DiagnosticsAnswer {
  const body = { service: { namespace, name }, localEndpoints, serviceProxyHealthy: proxyHealthy };
  return {
    status: localEndpoints > 0 && proxyHealthy ? 200 : 503,
    contentType: "application/json",
    headers: { "X-Load-Balancing-Endpoint-Weight": String(localEndpoints) },
    body: JSON.stringify(body),
  };
}
