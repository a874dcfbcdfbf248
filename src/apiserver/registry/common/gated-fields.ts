import { containersOf, type PodSpec } from "../../../api/index.ts";
import type { KubeObject } from "../../../apimachinery/index.ts";
import type { Strategy } from "../contract.ts";

/** A field behind a feature gate. While the gate is off, writers' fields go silently, unless the old object has them. */
export interface GatedField<T> {
  readonly gate: string;
  isUsed(object: T): boolean;
  drop(object: T): void;
}

export type GateState = (gate: string) => boolean;

/** The strategy never sees what is behind gates that are off. */
export function withGatedFields<T extends KubeObject>(
  strategy: Strategy<T>,
  fields: readonly GatedField<T>[],
  isOn: GateState,
): Strategy<T> {
  const hidden = fields.filter(({ gate }) => !isOn(gate));
  if (hidden.length === 0) return strategy;
  const hide = (object: T, old?: T) => {
    for (const { isUsed, drop } of hidden) if (isUsed(object) && (old === undefined || !isUsed(old))) drop(object);
  };
  return {
    ...strategy,
    prepareForCreate(object, context) {
      hide(object);
      strategy.prepareForCreate?.(object, context);
    },
    prepareForUpdate(object, old, context) {
      hide(object, old);
      strategy.prepareForUpdate?.(object, old, context);
    },
  };
}

/** For kinds that hold the spec of a pod. */
export function gatedPodFields<T>(specOf: (object: T) => PodSpec | undefined): readonly GatedField<T>[] {
  return podFields.map(({ gate, isUsed, drop }) => ({
    gate,
    isUsed(object) {
      const spec = specOf(object);
      return spec !== undefined && isUsed(spec);
    },
    drop(object) {
      const spec = specOf(object);
      if (spec !== undefined) drop(spec);
    },
  }));
}

const podFields: readonly GatedField<PodSpec>[] = [
  {
    gate: "GenericWorkload",
    isUsed: ({ schedulingGroup }) => schedulingGroup !== undefined,
    drop(spec) {
      delete spec.schedulingGroup;
    },
  },
  {
    gate: "ContainerStopSignals",
    isUsed: (spec) => containersOf(spec).some(({ lifecycle }) => lifecycle?.stopSignal !== undefined),
    drop(spec) {
      for (const container of containersOf(spec)) {
        if (container.lifecycle?.stopSignal === undefined) continue;
        delete container.lifecycle.stopSignal;
        if (Object.keys(container.lifecycle).length === 0) delete container.lifecycle;
      }
    },
  },
  projection("ClusterTrustBundleProjection", "clusterTrustBundle"),
  projection("PodCertificateRequest", "podCertificate"),
];

function projection(gate: string, field: "clusterTrustBundle" | "podCertificate"): GatedField<PodSpec> {
  const sourcesOf = (spec: PodSpec) => (spec.volumes ?? []).flatMap(({ projected }) => projected?.sources ?? []);
  return {
    gate,
    isUsed: (spec) => sourcesOf(spec).some((source) => source[field] !== undefined),
    drop(spec) {
      for (const source of sourcesOf(spec)) delete source[field];
    },
  };
}
