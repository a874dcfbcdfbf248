import type { EndpointSlice, Service } from "../api/index.ts";

/** What the resolver reads of the cluster. Answers come from informers. */
export interface ClusterView {
  hasSynced(): boolean;
  namespaceExists(namespace: string): boolean;
  service(namespace: string, name: string): Service | undefined;
  slices(namespace: string, service: string): readonly EndpointSlice[];
  /** Services whose cluster IP is that address. */
  servicesByAddress(address: string): readonly Service[];
  slicesByAddress(address: string): readonly EndpointSlice[];
}

/** One endpoint of a headless Service, as DNS names it. */
export interface HostRecord {
  /** The label before the Service's name: the pod's hostname, else its address with dashes. */
  readonly hostname: string;
  readonly address: string;
  readonly ports: readonly { readonly name: string; readonly protocol: string; readonly port: number }[];
}

export function isHeadless(service: Service): boolean {
  return service.spec?.clusterIP === "None";
}

export function clusterAddresses(service: Service): readonly string[] {
  const { clusterIPs, clusterIP } = service.spec ?? {};
  const all = clusterIPs?.length ? clusterIPs : clusterIP === undefined || clusterIP === "" ? [] : [clusterIP];
  return all.filter((address) => address !== "None");
}

/** Ready endpoints, and all of them where the Service publishes those that are not ready. */
export function hostRecords(service: Service, slices: readonly EndpointSlice[]): readonly HostRecord[] {
  const publishAll = service.spec?.publishNotReadyAddresses === true;
  return slices.flatMap((slice) => {
    const ports = (slice.ports ?? []).flatMap(({ name, protocol, port }) =>
      port === undefined || port === null ? [] : [{ name: name ?? "", protocol: protocol ?? "TCP", port }],
    );
    return (slice.endpoints ?? [])
      .filter((endpoint) => publishAll || endpoint.conditions?.ready !== false)
      .flatMap((endpoint) =>
        endpoint.addresses.map((address) => ({ hostname: endpoint.hostname || addressLabel(address), address, ports })),
      );
  });
}

/** `10.1.2.3` → `10-1-2-3`; colons of IPv6 become dashes too. */
export function addressLabel(address: string): string {
  return address.replace(/[.:]/g, "-");
}

/** The address that a label spells, or `undefined`. */
export function labelAddress(label: string): string | undefined {
  const dotted = label.split("-");
  if (dotted.length === 4 && dotted.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256))
    return dotted.join(".");
  const colons = label.replace(/-/g, ":");
  return colons.includes(":") && URL.canParse(`http://[${colons}]`) ? colons : undefined;
}
