import type { discoveryV1, EndpointSlice, Node, Pod, Service } from "../../api/index.ts";
import { messageOf } from "../../base/index.ts";
import {
  type EventRecorder,
  informerOf,
  type Informer,
  isNamespaceTerminating,
  isNotFound,
  kinds,
  referenceTo,
  type ResourceClient,
  splitKey,
} from "../../client/index.ts";
import { selectorFromLabels } from "../../apimachinery/index.ts";
import {
  Controller,
  type ControllerContext,
  isSemanticallyEqual,
  type Key,
  newControllerRef,
  where,
  WriteTracker,
} from "../../reconcile/index.ts";
import type { ControllerDescriptor } from "../descriptor.ts";
import { isHeadless, lastTriggerTime, watchServicesAndPods } from "./service-pods.ts";
import { type SliceMetrics, sliceMetrics } from "./slice-metrics.ts";
import { planSlices } from "./slice-plan.ts";
import {
  addressTypesOf,
  endpointKey,
  type EndpointGroup,
  endpointGroups,
  groupKey,
  groupKeyOfSlice,
  managedByLabel,
  managerName,
  serviceNameLabel,
} from "./slices.ts";

const name = "endpointslice-controller";
const triggerTimeAnnotation = "endpoints.kubernetes.io/last-change-trigger-time";
const headlessLabel = "service.kubernetes.io/headless";
const notCopiedLabels: ReadonlySet<string> = new Set([serviceNameLabel, managedByLabel, headlessLabel]);

export const endpointSliceController: ControllerDescriptor = {
  name,
  create: (context) => new EndpointSliceController(context).controller,
};

class EndpointSliceController {
  readonly controller: Controller;
  readonly #context: ControllerContext;
  readonly #services: Informer<Service>;
  readonly #pods: Informer<Pod>;
  readonly #slices: Informer<EndpointSlice>;
  readonly #nodes: Informer<Node>;
  readonly #written: WriteTracker<EndpointSlice>;
  readonly #recorder: EventRecorder;
  readonly #metrics: SliceMetrics | undefined;

  constructor(context: ControllerContext) {
    const { clock, log, metrics, informers, registry } = context;
    this.#context = context;
    this.#metrics = registry === undefined ? undefined : sliceMetrics(registry);
    this.#recorder = context.recorder("endpoint-slice-controller");
    this.#services = informerOf(informers, kinds.services);
    this.#pods = informerOf(informers, kinds.pods);
    this.#nodes = informerOf(informers, kinds.nodes);
    this.#slices = informerOf(informers, kinds.endpointslices, { indexes: { service: byService } });
    this.#written = new WriteTracker(this.#slices, clock);
    this.controller = new Controller({
      name,
      clock,
      log,
      metrics,
      retriesMax: 15,
      reconciler: { reconcile: (key) => this.#reconcile(key) },
    });
    watchServicesAndPods(this.controller, this.#services, this.#pods);
    this.controller.watch(this.#slices, byService, { predicate: where(isOurs) }).waitFor(this.#nodes);
    this.#nodes.addHandler({
      onUpdate: (previous, node) => this.#nodeChanged(zoneOf(previous) !== zoneOf(node), node.metadata.name),
    });
  }

  #nodeChanged(changed: boolean, nodeName: string | undefined): void {
    if (!changed) return;
    for (const slice of this.#slices.lister.list()) {
      if (isOurs(slice) && slice.endpoints?.some((endpoint) => endpoint.nodeName === nodeName) === true) {
        for (const key of byService(slice)) this.controller.enqueue(key);
      }
    }
  }

  async #reconcile(key: Key): Promise<void> {
    const service = this.#services.lister.get(key);
    // Slices of a Service that is gone go with it, by their owner reference.
    if (service === undefined) {
      this.#metrics?.forget(key);
      return this.#written.forget(key);
    }
    const { selector, type } = service.spec;
    if (type === "ExternalName" || selector === undefined || Object.keys(selector).length === 0) return;
    if (service.metadata.deletionTimestamp !== undefined) return;
    if (!this.#written.settled(key)) return this.#metrics?.ended("stale");
    try {
      await this.#sync(key, service);
      this.#metrics?.ended("success");
    } catch (error) {
      this.#metrics?.ended("error");
      if (isNamespaceTerminating(error)) return;
      const message = `Error updating Endpoint Slices for Service ${key}: ${messageOf(error)}`;
      this.#recorder.event(referenceTo(kinds.services, service), "Warning", "FailedToUpdateEndpointSlices", message);
      throw error;
    }
  }

  async #sync(key: Key, service: Service): Promise<void> {
    const compiled = selectorFromLabels(service.spec.selector);
    const inNamespace = [...this.#pods.lister.listNamespace(splitKey(key).namespace)];
    const pods = inNamespace.filter((pod) => compiled.matches(pod.metadata.labels));
    const groups = new Map(endpointGroups(service, pods, (nodeName) => this.#nodes.lister.get(nodeName)));
    const types = addressTypesOf(service);
    for (const addressType of types) {
      // A Service without endpoints still has a slice, so that one can see that it was looked at.
      if ([...groups.values()].some((group) => group.addressType === addressType)) continue;
      groups.set(groupKey(addressType, []), { addressType, ports: [], endpoints: [] });
    }
    const existing = this.#slices.lister.byIndex("service", key).filter(isOurs);
    const byGroup = new Map<string, EndpointSlice[]>();
    for (const slice of existing) {
      const sliceKey = groupKeyOfSlice(slice);
      byGroup.set(sliceKey, [...(byGroup.get(sliceKey) ?? []), slice]);
    }
    const writer = new SliceWriter({
      client: this.#context.client.resource<EndpointSlice>(kinds.endpointslices),
      written: this.#written,
      ...{ key, service, pods },
      ...(this.#metrics === undefined ? {} : { changed: this.#metrics.changed }),
    });
    for (const [groupName, group] of groups) await writer.applyGroup(group, byGroup.get(groupName) ?? []);
    for (const [groupName, slices] of byGroup)
      if (!groups.has(groupName)) for (const slice of slices) await writer.delete(slice);
    const { created, updated, deleted } = writer;
    this.#metrics?.synced(key, service, {
      groups: [...groups.values()].map(({ endpoints }) => endpoints.length),
      slices: existing.length + created - deleted,
      changes: created + updated + deleted,
      ...movedBetween(byGroup, groups),
    });
  }
}

/** How many endpoints come to their group, and how many leave it. */
function movedBetween(
  existing: ReadonlyMap<string, readonly EndpointSlice[]>,
  groups: ReadonlyMap<string, EndpointGroup>,
): { readonly added: number; readonly removed: number } {
  let [added, removed] = [0, 0];
  for (const name of new Set([...existing.keys(), ...groups.keys()])) {
    const before = new Set(existing.get(name)?.flatMap(({ endpoints }) => (endpoints ?? []).map(endpointKey)));
    const after = groups.get(name)?.endpoints ?? [];
    const kept = after.filter((endpoint) => before.has(endpointKey(endpoint))).length;
    added += after.length - kept;
    removed += before.size - kept;
  }
  return { added, removed };
}

interface WriterOptions {
  readonly client: ResourceClient<EndpointSlice>;
  readonly written: WriteTracker<EndpointSlice>;
  readonly key: Key;
  readonly service: Service;
  readonly pods: readonly Pod[];
  readonly changed?: SliceMetrics["changed"];
}

/** Writes the slices of one Service, and counts what it writes. */
class SliceWriter {
  created = 0;
  updated = 0;
  deleted = 0;
  readonly #client: ResourceClient<EndpointSlice>;
  readonly #options: WriterOptions;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#client = options.client.namespace(options.service.metadata.namespace ?? "");
  }

  async applyGroup(group: EndpointGroup, existing: readonly EndpointSlice[]): Promise<void> {
    if (group.endpoints.length === 0) return this.#applyPlaceholder(group, existing);
    const plan = planSlices(group, existing);
    for (const endpoints of plan.create) await this.#create(group, endpoints);
    for (const { slice, endpoints } of plan.update) await this.#update(slice, endpoints);
    for (const slice of plan.unchanged) await this.#updateLabels(slice);
    for (const slice of plan.delete) await this.delete(slice);
  }

  async delete(slice: EndpointSlice): Promise<void> {
    await this.#client.delete(slice.metadata.name ?? "").catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
    this.#options.written.deleted(this.#options.key, slice);
    this.deleted++;
    this.#options.changed?.("delete");
  }

  async #applyPlaceholder(group: EndpointGroup, [first, ...others]: readonly EndpointSlice[]): Promise<void> {
    if (first === undefined) await this.#create(group, []);
    else if ((first.endpoints ?? []).length > 0) await this.#update(first, []);
    else await this.#updateLabels(first);
    for (const slice of others) await this.delete(slice);
  }

  async #create({ addressType, ports }: EndpointGroup, endpoints: readonly discoveryV1.Endpoint[]): Promise<void> {
    const service = this.#options.service;
    const created = await this.#client.create({
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: {
        generateName: `${service.metadata.name ?? ""}-`,
        namespace: service.metadata.namespace,
        labels: this.#labels({}),
        annotations: this.#annotations({}),
        ownerReferences: [newControllerRef(service, kinds.services)],
      },
      addressType,
      endpoints: [...endpoints],
      ports: [...ports],
    });
    this.#options.written.wrote(this.#options.key, created);
    this.created++;
    this.#options.changed?.("create");
  }

  async #update(slice: EndpointSlice, endpoints: readonly discoveryV1.Endpoint[]): Promise<void> {
    const { metadata } = slice;
    const updated = await this.#client.update({
      ...slice,
      metadata: {
        ...metadata,
        labels: this.#labels(metadata.labels ?? {}),
        annotations: this.#annotations(metadata.annotations ?? {}),
      },
      endpoints: [...endpoints],
    });
    this.#options.written.wrote(this.#options.key, updated);
    this.updated++;
    this.#options.changed?.("update");
  }

  async #updateLabels(slice: EndpointSlice): Promise<void> {
    if (!isSemanticallyEqual(this.#labels(slice.metadata.labels ?? {}), slice.metadata.labels))
      await this.#update(slice, slice.endpoints ?? []);
  }

  #labels(current: Readonly<Record<string, string>>): Record<string, string> {
    const copied = Object.entries(this.#options.service.metadata.labels ?? {}).filter(
      ([key]) => !notCopiedLabels.has(key),
    );
    const kept = Object.entries(current).filter(([key]) => key.startsWith("endpointslice.kubernetes.io/"));
    return {
      ...Object.fromEntries(kept),
      ...Object.fromEntries(copied),
      ...(isHeadless(this.#options.service) ? { [headlessLabel]: "" } : {}),
      [serviceNameLabel]: this.#options.service.metadata.name ?? "",
      [managedByLabel]: managerName,
    };
  }

  #annotations(current: Readonly<Record<string, string>>): Record<string, string> {
    const time = lastTriggerTime(this.#options.service, this.#options.pods);
    return time === undefined ? { ...current } : { ...current, [triggerTimeAnnotation]: time };
  }
}

function byService(slice: EndpointSlice): readonly string[] {
  const serviceName = slice.metadata.labels?.[serviceNameLabel];
  return serviceName === undefined ? [] : [`${slice.metadata.namespace ?? ""}/${serviceName}`];
}

function isOurs(slice: EndpointSlice): boolean {
  return slice.metadata.labels?.[managedByLabel] === managerName;
}

function zoneOf(node: Node): string | undefined {
  return node.metadata.labels?.["topology.kubernetes.io/zone"];
}
