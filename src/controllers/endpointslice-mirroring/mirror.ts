import type { coreV1, discoveryV1, Endpoints, EndpointSlice } from "../../api/index.ts";
import { kinds } from "../../client/index.ts";
import { canonicalJson, newControllerRef } from "../../reconcile/index.ts";

export const serviceNameLabel = "kubernetes.io/service-name";
export const managedByLabel = "endpointslice.kubernetes.io/managed-by";
export const managerName = "endpointslicemirroring-controller.k8s.io";
const skipLabel = "endpointslice.kubernetes.io/skip-mirror";
const leaderAnnotation = "control-plane.alpha.kubernetes.io/leader";
const lastAppliedAnnotation = "kubectl.kubernetes.io/last-applied-configuration";
/** `--mirroring-max-endpoints-per-subset` */
const endpointsMax = 1000;

/** Whether these endpoints, made by hand or by someone else's controller, want slices. */
export function isMirrored({ metadata }: Endpoints): boolean {
  return metadata.labels?.[skipLabel] !== "true" && metadata.annotations?.[leaderAnnotation] === undefined;
}

/** The slices that say the same as the subsets: one for each subset and address family. */
export function mirrorSlices(endpoints: Endpoints): EndpointSlice[] {
  const { name = "", namespace, labels, annotations = {} } = endpoints.metadata;
  const { [lastAppliedAnnotation]: _applied, ...copied } = annotations;
  const slices: EndpointSlice[] = [];
  for (const subset of endpoints.subsets ?? []) {
    for (const addressType of ["IPv4", "IPv6"] as const) {
      const found = [
        ...(subset.addresses ?? []).map((address) => endpointOf(address, true)),
        ...(subset.notReadyAddresses ?? []).map((address) => endpointOf(address, false)),
      ].filter(({ addresses: [ip = ""] }) => ip.includes(":") === (addressType === "IPv6"));
      if (found.length === 0) continue;
      slices.push({
        apiVersion: "discovery.k8s.io/v1",
        kind: "EndpointSlice",
        metadata: {
          generateName: `${name}-`,
          namespace,
          labels: { ...labels, [serviceNameLabel]: name, [managedByLabel]: managerName },
          ...(Object.keys(copied).length === 0 ? {} : { annotations: copied }),
          ownerReferences: [newControllerRef(endpoints, kinds.endpoints)],
        },
        addressType,
        endpoints: found.slice(0, endpointsMax),
        ports: (subset.ports ?? []).map(portOf),
      });
    }
  }
  return slices;
}

function endpointOf(
  { ip, hostname, nodeName, targetRef }: coreV1.EndpointAddress,
  ready: boolean,
): discoveryV1.Endpoint {
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname === undefined ? {} : { hostname }),
    ...(targetRef === undefined ? {} : { targetRef }),
    ...(nodeName === undefined ? {} : { nodeName }),
  };
}

function portOf({ name = "", port, protocol = "TCP", appProtocol }: coreV1.EndpointPort): discoveryV1.EndpointPort {
  return { name, port, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) };
}

/** Slices of one key can take each other's place. */
export function sliceKey({ addressType, ports }: EndpointSlice): string {
  return `${addressType}|${canonicalJson(ports ?? [])}`;
}
