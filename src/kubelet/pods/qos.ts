import { quantityMilli, quantityValue } from "../quantity.ts";
import type { Container, Pod } from "../types.ts";

export type QosClass = "Guaranteed" | "Burstable" | "BestEffort";

const counted = ["cpu", "memory"] as const;

/** The pod's quality of service class, from the requests and limits of cpu and memory of all its containers. */
export function qosClass(pod: Pod): QosClass {
  const spec = pod.spec;
  const podLevel = spec?.resources;
  if (podLevel !== undefined && (hasAny(podLevel.requests) || hasAny(podLevel.limits))) return classOf([podLevel]);
  const containers: readonly Container[] = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
  return classOf(containers.map((container) => container.resources ?? {}));
}

interface Resources {
  readonly requests?: Readonly<Record<string, string | number>>;
  readonly limits?: Readonly<Record<string, string | number>>;
}

function hasAny(list: Readonly<Record<string, string | number>> | undefined): boolean {
  return counted.some((name) => positive(list?.[name]));
}

function positive(quantity: string | number | undefined): boolean {
  return quantity !== undefined && quantityMilli(quantity) > 0;
}

function classOf(all: readonly Resources[]): QosClass {
  if (!all.some((one) => hasAny(one.requests) || hasAny(one.limits))) return "BestEffort";
  return all.every(isGuaranteed) ? "Guaranteed" : "Burstable";
}

function isGuaranteed(resources: Resources): boolean {
  return counted.every((name) => {
    const limit = resources.limits?.[name];
    if (!positive(limit) || limit === undefined) return false;
    const request = resources.requests?.[name];
    if (request === undefined) return true;
    return name === "cpu"
      ? quantityMilli(request) === quantityMilli(limit)
      : quantityValue(request) === quantityValue(limit);
  });
}
