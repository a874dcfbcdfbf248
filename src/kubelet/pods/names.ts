import type { Pod } from "../types.ts";

export function podName(pod: Pod): string {
  return pod.metadata.name ?? "";
}

export function podNamespace(pod: Pod): string {
  return pod.metadata.namespace ?? "default";
}

export function podUid(pod: Pod): string {
  return pod.metadata.uid ?? "";
}

export function podKey(pod: Pod): string {
  return `${podNamespace(pod)}/${podName(pod)}`;
}

/** `name_namespace(uid)`, as in upstream's messages. */
export function describePod(pod: Pod): string {
  return `${podName(pod)}_${podNamespace(pod)}(${podUid(pod)})`;
}
