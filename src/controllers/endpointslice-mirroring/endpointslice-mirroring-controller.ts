import type { Endpoints, EndpointSlice } from "../../api/index.ts";
import { informerOf, isNamespaceTerminating, keyOf, kinds, orNotFound, splitKey } from "../../client/index.ts";
import { Controller, isSemanticallyEqual, type Key, where, WriteTracker } from "../../reconcile/index.ts";
import type { ControllerDescriptor } from "../descriptor.ts";
import { isMirrored, managedByLabel, managerName, mirrorSlices, serviceNameLabel, sliceKey } from "./mirror.ts";

const name = "endpointslice-mirroring-controller";

/** Makes slices of the Endpoints that people or their programs write for Services without a selector. */
export const endpointSliceMirroringController: ControllerDescriptor = {
  name,
  serviceAccount: "endpointslicemirroring-controller",
  create({ client, clock, informers, log, metrics }) {
    const endpointsInformer = informerOf(informers, kinds.endpoints);
    const services = informerOf(informers, kinds.services);
    const slices = informerOf(informers, kinds.endpointslices, { indexes: { service: byService } });
    const written = new WriteTracker(slices, clock);
    const wantedFor = (key: Key): EndpointSlice[] => {
      const endpoints: Endpoints | undefined = endpointsInformer.lister.get(key);
      const service = services.lister.get(key);
      const selected = service?.spec.selector !== undefined && Object.keys(service.spec.selector).length > 0;
      return endpoints === undefined || service === undefined || selected || !isMirrored(endpoints)
        ? []
        : mirrorSlices(endpoints);
    };
    const reconcile = async (key: Key): Promise<void> => {
      if (!written.settled(key)) return;
      const api = client.resource<EndpointSlice>(kinds.endpointslices).namespace(splitKey(key).namespace);
      const spare = new Map<string, EndpointSlice[]>();
      for (const slice of slices.lister.byIndex("service", key).filter(isOurs)) {
        spare.set(sliceKey(slice), [...(spare.get(sliceKey(slice)) ?? []), slice]);
      }
      for (const wanted of wantedFor(key)) {
        const current = spare.get(sliceKey(wanted))?.shift();
        if (current === undefined) written.wrote(key, await api.create(wanted));
        else if (!isUpToDate(current, wanted)) written.wrote(key, await api.update(merged(current, wanted)));
      }
      for (const slice of [...spare.values()].flat()) {
        await orNotFound(api.delete(slice.metadata.name ?? ""));
        written.deleted(key, slice);
      }
    };
    const guarded = (key: Key): Promise<void> =>
      reconcile(key).catch((error: unknown) => {
        if (!isNamespaceTerminating(error)) throw error;
      });
    return new Controller({ name, clock, log, metrics, reconciler: { reconcile: guarded } })
      .watch(endpointsInformer, (endpoints) => [keyOf(endpoints)])
      .watch(services, (service) => [keyOf(service)])
      .watch(slices, byService, { predicate: where(isOurs) });
  },
};

function isOurs(slice: EndpointSlice): boolean {
  return slice.metadata.labels?.[managedByLabel] === managerName;
}

function byService(slice: EndpointSlice): readonly string[] {
  const service = slice.metadata.labels?.[serviceNameLabel];
  return service === undefined ? [] : [`${slice.metadata.namespace ?? ""}/${service}`];
}

function isUpToDate(current: EndpointSlice, wanted: EndpointSlice): boolean {
  return (
    isSemanticallyEqual(current.endpoints, wanted.endpoints) &&
    isSemanticallyEqual(current.metadata.labels, wanted.metadata.labels) &&
    isSemanticallyEqual(current.metadata.annotations, wanted.metadata.annotations)
  );
}

function merged(
  current: EndpointSlice,
  { metadata: { labels, annotations }, endpoints }: EndpointSlice,
): EndpointSlice {
  return { ...current, metadata: { ...current.metadata, labels, annotations }, endpoints };
}
