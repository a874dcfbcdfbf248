import type { Service } from "../../../api/index.ts";
import { semanticEqual } from "../../../apimachinery/index.ts";
import { hasClusterIp, isExternal, isLoadBalancer, needsHealthCheck, needsNodePorts } from "./service-shape.ts";

type Field = keyof Service["spec"];

/** Fields that the new type does not have go, where the writer only copied them. */
export function dropTypeDependentFields(service: Service, old: Service): void {
  drop(service, old, hasClusterIp, "clusterIP", "clusterIPs");
  drop(service, old, hasClusterIp, "ipFamilies");
  drop(service, old, hasClusterIp, "ipFamilyPolicy");
  dropNodePorts(service, old);
  drop(service, old, needsHealthCheck, "healthCheckNodePort");
  drop(service, old, isLoadBalancer, "allocateLoadBalancerNodePorts");
  drop(service, old, isLoadBalancer, "loadBalancerClass");
  drop(service, old, isExternal, "externalTrafficPolicy");
}

/**
 * Who changes `clusterIP` alone means the first of `clusterIPs`, too: validation then refuses what may not change.
 * Upstream: `NormalizeClusterIPs`.
 */
export function normalizeClusterIps({ spec }: Service, old: Service): void {
  const { clusterIP = "", clusterIPs = [] } = spec;
  if (clusterIP === (old.spec.clusterIP ?? "") || !semanticEqual(clusterIPs, old.spec.clusterIPs ?? [])) return;
  if (clusterIP === "") delete spec.clusterIPs;
  else if (clusterIPs.length > 0) spec.clusterIPs = [clusterIP, ...clusterIPs.slice(1)];
}

function drop(
  service: Service,
  old: Service,
  needed: (service: Service) => boolean,
  ...fields: readonly Field[]
): void {
  if (!needed(old) || needed(service)) return;
  if (fields.every((field) => semanticEqual(service.spec[field], old.spec[field]))) {
    for (const field of fields) delete service.spec[field];
  }
}

function dropNodePorts(service: Service, old: Service): void {
  if (!needsNodePorts(old) || needsNodePorts(service)) return;
  const numbers = ({ spec }: Service) => (spec.ports ?? []).map(({ nodePort }) => nodePort ?? 0).sort();
  if (!semanticEqual(numbers(service), numbers(old))) return;
  for (const port of service.spec.ports ?? []) delete port.nodePort;
}
