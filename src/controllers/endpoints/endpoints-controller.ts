import type { Endpoints, Pod, Service } from "../../api/index.ts";
import { selectorFromLabels } from "../../apimachinery/index.ts";
import { messageOf } from "../../base/index.ts";
import {
  informerOf,
  isNamespaceTerminating,
  isNotFound,
  keyOf,
  kinds,
  orNotFound,
  referenceTo,
  splitKey,
} from "../../client/index.ts";
import { Controller, isSemanticallyEqual, type Key, WriteTracker } from "../../reconcile/index.ts";
import type { ControllerDescriptor } from "../descriptor.ts";
import { isHeadless, lastTriggerTime, watchServicesAndPods } from "./service-pods.ts";
import { subsetsOf } from "./subsets.ts";

const name = "endpoints-controller";
const triggerTimeAnnotation = "endpoints.kubernetes.io/last-change-trigger-time";
const overCapacityAnnotation = "endpoints.kubernetes.io/over-capacity";
const headlessLabel = "service.kubernetes.io/headless";
const managedByLabel = "endpoints.kubernetes.io/managed-by";

/** Keeps the Endpoints object of every Service with a selector, for those who do not read slices. */
export const endpointsController: ControllerDescriptor = {
  name,
  serviceAccount: "endpoint-controller",
  create(context) {
    const { client, clock, informers, log, metrics } = context;
    const services = informerOf(informers, kinds.services);
    const pods = informerOf(informers, kinds.pods);
    const endpoints = informerOf(informers, kinds.endpoints);
    const recorder = context.recorder("endpoint-controller");

    const written = new WriteTracker(endpoints, clock);
    /** What is to be looked at again as soon as the informer shows what was written last. */
    const waiting = new Set<Key>();

    const reconcile = async (key: Key): Promise<void> => {
      if (!written.settled(key)) return void waiting.add(key);
      waiting.delete(key);
      const { namespace, name: serviceName } = splitKey(key);
      const api = client.resource<Endpoints>(kinds.endpoints).namespace(namespace);
      const service = services.lister.get(key);
      if (service === undefined) return void (await orNotFound(api.delete(serviceName)));
      if (service.spec.type === "ExternalName" || service.spec.selector === undefined) return;
      const wanted = endpointsFor(service, pods.lister.listNamespace(namespace), endpoints.lister.get(key));
      if (wanted === undefined) return;
      const isNew = wanted.metadata.resourceVersion === undefined;
      try {
        written.wrote(key, await (isNew ? api.create(wanted) : api.update(wanted)));
      } catch (error) {
        if (isNamespaceTerminating(error) || isNotFound(error)) return;
        const [reason, what] = isNew
          ? ["FailedToCreateEndpoint", `Failed to create endpoint for service ${key}`]
          : ["FailedToUpdateEndpoint", `Failed to update endpoint ${key}`];
        recorder.event(referenceTo(kinds.endpoints, wanted), "Warning", reason, `${what}: ${messageOf(error)}`);
        throw error;
      }
    };

    const controller = new Controller({ name, clock, log, metrics, retriesMax: 15, reconciler: { reconcile } });
    watchServicesAndPods(controller, services, pods);
    return controller.watch(endpoints, (one) => [keyOf(one)], {
      predicate: { added: (one) => waiting.has(keyOf(one)), updated: (_previous, one) => waiting.has(keyOf(one)) },
    });
  },
};

/** What is to be written for a Service; `undefined` when there is nothing to change. */
function endpointsFor(
  service: Service,
  podsBeside: Iterable<Pod>,
  current: Endpoints | undefined,
): Endpoints | undefined {
  const selector = selectorFromLabels(service.spec.selector);
  const selected = [...podsBeside].filter((pod) => selector.matches(pod.metadata.labels));
  const { subsets, truncated } = subsetsOf(service, selected);
  const labels = labelsOf(service);
  if (
    current !== undefined &&
    isSemanticallyEqual(current.subsets, subsets) &&
    isSemanticallyEqual(current.metadata.labels, labels)
  ) {
    return undefined;
  }
  const { [overCapacityAnnotation]: _over, ...annotations } = current?.metadata.annotations ?? {};
  const time = lastTriggerTime(service, selected);
  const { name: serviceName, namespace } = service.metadata;
  return {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: {
      ...(current?.metadata ?? { name: serviceName, namespace }),
      labels,
      annotations: {
        ...annotations,
        ...(time === undefined ? {} : { [triggerTimeAnnotation]: time }),
        ...(truncated ? { [overCapacityAnnotation]: "truncated" } : {}),
      },
    },
    subsets,
  };
}

function labelsOf(service: Service): Record<string, string> {
  const { [headlessLabel]: _headless, ...labels } = service.metadata.labels ?? {};
  return {
    ...labels,
    [managedByLabel]: "endpoint-controller",
    ...(isHeadless(service) ? { [headlessLabel]: "" } : {}),
  };
}
