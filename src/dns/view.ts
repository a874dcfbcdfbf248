import type { EndpointSlice, Namespace, Service } from "../api/index.ts";
import type { InformerFactory } from "../client/index.ts";
import { type ClusterView, clusterAddresses } from "./records.ts";

const serviceNameLabel = "kubernetes.io/service-name";

/** What the resolver reads, from informers with the indexes it needs. */
export function informerView(informers: InformerFactory): ClusterView {
  const services = informers.informer<Service>(
    { group: "", version: "v1", resource: "services" },
    { indexes: { clusterAddress: (service) => clusterAddresses(service) } },
  );
  const slices = informers.informer<EndpointSlice>(
    { group: "discovery.k8s.io", version: "v1", resource: "endpointslices" },
    {
      indexes: {
        service: ({ metadata }) => {
          const name = metadata.labels?.[serviceNameLabel];
          return name === undefined ? [] : [`${metadata.namespace}/${name}`];
        },
        address: (slice) => (slice.endpoints ?? []).flatMap(({ addresses }) => addresses),
      },
    },
  );
  const namespaces = informers.informer<Namespace>({ group: "", version: "v1", resource: "namespaces" });
  return {
    hasSynced: () => services.hasSynced() && slices.hasSynced() && namespaces.hasSynced(),
    namespaceExists: (namespace) => namespaces.lister.get(namespace) !== undefined,
    service: (namespace, name) => services.lister.get(`${namespace}/${name}`),
    slices: (namespace, service) => slices.lister.byIndex("service", `${namespace}/${service}`),
    servicesByAddress: (address) => services.lister.byIndex("clusterAddress", address),
    slicesByAddress: (address) => slices.lister.byIndex("address", address),
  };
}
