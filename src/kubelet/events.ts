import type { Pod } from "./types.ts";

/** What an event is about, as `ObjectReference`. */
export interface EventTarget {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly fieldPath?: string;
}

/** Takes events; never fails, never waits. */
export interface EventSink {
  event(target: EventTarget, type: "Normal" | "Warning", reason: string, message: string): void;
}

export function podTarget(pod: Pod, fieldPath?: string): EventTarget {
  const { namespace, name = "", uid, resourceVersion } = pod.metadata;
  return { apiVersion: "v1", kind: "Pod", namespace, name, uid, resourceVersion, fieldPath };
}

/** `spec.containers{name}`, as upstream points at a container. */
export function containerTarget(pod: Pod, container: string): EventTarget {
  const list = pod.spec?.initContainers?.some((one) => one.name === container)
    ? "initContainers"
    : pod.spec?.ephemeralContainers?.some((one) => one.name === container)
      ? "ephemeralContainers"
      : "containers";
  return podTarget(pod, `spec.${list}{${container}}`);
}
