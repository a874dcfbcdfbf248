import type { coreV1, Pod, Service } from "../../api/index.ts";
import { selectorFromLabels } from "../../apimachinery/index.ts";
import { type Informer, keyOf } from "../../client/index.ts";
import { type Controller, isPodTerminal, isSemanticallyEqual, type Key } from "../../reconcile/index.ts";

/** Whether a pod has, or will again have, an address that a Service may send to. */
export function isReachable(pod: Pod, includeTerminating: boolean): boolean {
  if (isPodTerminal(pod)) return false;
  if ((pod.status?.podIP ?? "") === "" && (pod.status?.podIPs ?? []).length === 0) return false;
  return includeTerminating || pod.metadata.deletionTimestamp === undefined;
}

/** The pod's DNS name within the Service, if it asked for one. */
export function hostnameOf(pod: Pod, service: Service): string | undefined {
  const { hostname = "", subdomain = "" } = pod.spec;
  const named =
    hostname !== "" && subdomain === service.metadata.name && pod.metadata.namespace === service.metadata.namespace;
  return named ? hostname : undefined;
}

/** The number of the port that a Service's port means in this pod; `undefined` when the pod has no port of that name. */
export function targetPortOf(pod: Pod, port: coreV1.ServicePort): number | undefined {
  const target = port.targetPort ?? port.port;
  if (typeof target === "number") return target === 0 ? port.port : target;
  const sidecars = (pod.spec.initContainers ?? []).filter((container) => container.restartPolicy === "Always");
  for (const container of [...pod.spec.containers, ...sidecars]) {
    for (const { name, protocol = "TCP", containerPort } of container.ports ?? []) {
      if (name === target && protocol === (port.protocol ?? "TCP")) return containerPort;
    }
  }
  return undefined;
}

export function isHeadless(service: Service): boolean {
  return service.spec.clusterIP === "None";
}

/** Enqueues a Service for its own changes, and for those of the pods that it selects or selected. */
export function watchServicesAndPods(controller: Controller, services: Informer<Service>, pods: Informer<Pod>): void {
  const selecting = (namespace: string | undefined, labels: Readonly<Record<string, string>> | undefined): Key[] => {
    const keys: Key[] = [];
    for (const service of services.lister.listNamespace(namespace ?? "")) {
      const { selector } = service.spec;
      if (selector !== undefined && selectorFromLabels(selector).matches(labels)) keys.push(keyOf(service));
    }
    return keys;
  };
  controller
    .watch(services, (service) => [keyOf(service)])
    .watch(pods, (pod) => selecting(pod.metadata.namespace, pod.metadata.labels), {
      predicate: { updated: hasChanged },
    });
}

/** What a Service's endpoints show of a pod. */
function hasChanged(previous: Pod, pod: Pod): boolean {
  return !isSemanticallyEqual(shown(previous), shown(pod));
}

function shown({ metadata, spec, status }: Pod): unknown {
  return [
    metadata.labels,
    metadata.deletionTimestamp !== undefined,
    spec.nodeName,
    spec.hostname,
    spec.subdomain,
    status?.phase,
    status?.podIP,
    status?.podIPs,
    status?.conditions?.find((condition) => condition.type === "Ready")?.status,
  ];
}

/** When the pods last changed in a way that shows, for measuring how long the change takes to reach the nodes. */
export function lastTriggerTime(service: Service, pods: readonly Pod[]): string | undefined {
  let latest = service.metadata.creationTimestamp ?? undefined;
  for (const pod of pods) {
    const time = pod.status?.conditions?.find((condition) => condition.type === "Ready")?.lastTransitionTime;
    if (time !== undefined && (latest === undefined || time > latest)) latest = time;
  }
  return latest;
}
