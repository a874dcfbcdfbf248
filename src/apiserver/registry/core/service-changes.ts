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
