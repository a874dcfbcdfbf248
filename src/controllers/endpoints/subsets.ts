import type { coreV1, Pod, Service } from "../../api/index.ts";
import { canonicalJson, isPodReady } from "../../reconcile/index.ts";
import { hostnameOf, isReachable, targetPortOf } from "./service-pods.ts";
import { addressTypesOf } from "./slices.ts";

/** More addresses than this are cut off. */
const addressesMax = 1000;

type PortedAddress = { readonly address: coreV1.EndpointAddress; readonly ready: boolean };

/** The subsets of an Endpoints object: addresses that have the same ports together, in a fixed order. */
export function subsetsOf(
  service: Service,
  pods: readonly Pod[],
): { readonly subsets: coreV1.EndpointSubset[]; readonly truncated: boolean } {
  const groups = new Map<string, { ports: coreV1.EndpointPort[]; addresses: PortedAddress[] }>();
  const includeUnready = service.spec.publishNotReadyAddresses === true;
  let count = 0;
  for (const pod of pods) {
    const address = isReachable(pod, includeUnready) ? addressOf(service, pod) : undefined;
    if (address === undefined) continue;
    count += 1;
    const ports = portsOf(service, pod);
    const key = canonicalJson(ports);
    const group = groups.get(key) ?? { ports, addresses: [] };
    group.addresses.push({ address, ready: includeUnready || isPodReady(pod) });
    groups.set(key, group);
  }
  const subsets = [...groups.values()].map(({ ports, addresses }) => subset(ports, addresses));
  const ordered = subsets.sort((a, b) => compare(canonicalJson(a.ports), canonicalJson(b.ports)));
  return { subsets: count > addressesMax ? truncate(ordered) : ordered, truncated: count > addressesMax };
}

function subset(ports: coreV1.EndpointPort[], all: readonly PortedAddress[]): coreV1.EndpointSubset {
  const pick = (ready: boolean): coreV1.EndpointAddress[] =>
    all
      .filter((one) => one.ready === ready)
      .map((one) => one.address)
      .sort((a, b) => compare(a.ip, b.ip));
  const addresses = pick(true);
  const notReadyAddresses = pick(false);
  return {
    ...(addresses.length === 0 ? {} : { addresses }),
    ...(notReadyAddresses.length === 0 ? {} : { notReadyAddresses }),
    ...(ports.length === 0 ? {} : { ports }),
  };
}

function addressOf(service: Service, pod: Pod): coreV1.EndpointAddress | undefined {
  const [family] = addressTypesOf(service);
  const addresses = pod.status?.podIPs?.map(({ ip }) => ip) ?? [pod.status?.podIP];
  const ip = addresses.find((one) => one !== undefined && one.includes(":") === (family === "IPv6"));
  if (ip === undefined) return undefined;
  const hostname = hostnameOf(pod, service);
  const { nodeName } = pod.spec;
  const { namespace, name, uid } = pod.metadata;
  return {
    ip,
    ...(hostname === undefined ? {} : { hostname }),
    ...(nodeName === undefined ? {} : { nodeName }),
    targetRef: { kind: "Pod", namespace, name, uid },
  };
}

function portsOf(service: Service, pod: Pod): coreV1.EndpointPort[] {
  const ports: coreV1.EndpointPort[] = [];
  for (const port of service.spec.ports ?? []) {
    const number = targetPortOf(pod, port);
    if (number === undefined) continue;
    const { name, appProtocol } = port;
    ports.push({
      ...(name === undefined ? {} : { name }),
      port: number,
      protocol: port.protocol ?? "TCP",
      ...(appProtocol === undefined ? {} : { appProtocol }),
    });
  }
  return ports.sort((a, b) => compare(canonicalJson(a), canonicalJson(b)));
}

/** Ready addresses are kept first, in proportion to the subsets' sizes. */
function truncate(subsets: readonly coreV1.EndpointSubset[]): coreV1.EndpointSubset[] {
  let left = addressesMax;
  const take = (addresses: coreV1.EndpointAddress[] | undefined): coreV1.EndpointAddress[] | undefined => {
    const taken = addresses?.slice(0, left);
    left -= taken?.length ?? 0;
    return taken;
  };
  const ready = subsets.map((one) => ({ ...one, addresses: take(one.addresses) }));
  return ready.map((one) => ({ ...one, notReadyAddresses: take(one.notReadyAddresses) }));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
