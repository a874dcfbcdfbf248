import { containersOf, type ContainerStatus, type Pod, type PodSpec } from "../../../api/index.ts";
import type { KubeObject } from "../../../apimachinery/index.ts";
import type { Strategy } from "../contract.ts";

/** A field behind a feature gate. While the gate is off, writers' fields go silently, unless the old object has them. */
export interface GatedField<T> {
  readonly gate: string;
  /** Where it is written, if not with the object itself. */
  readonly endpoint?: "status";
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
  const off = fields.filter(({ gate }) => !isOn(gate));
  if (off.length === 0) return strategy;
  const hide = (endpoint: "status" | undefined, object: T, old?: T) => {
    for (const field of off) {
      if (field.endpoint !== endpoint || !field.isUsed(object)) continue;
      if (old === undefined || !field.isUsed(old)) field.drop(object);
    }
  };
  const { status } = strategy;
  return {
    ...strategy,
    ...(status === undefined || off.every(({ endpoint }) => endpoint !== "status")
      ? {}
      : {
          status: {
            ...status,
            prepareForUpdate(object, old, context) {
              hide("status", object, old);
              status.prepareForUpdate?.(object, old, context);
            },
          },
        }),
    prepareForCreate(object, context) {
      hide(undefined, object);
      strategy.prepareForCreate?.(object, context);
    },
    prepareForUpdate(object, old, context) {
      hide(undefined, object, old);
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

/** What only the status of a pod has. */
export const gatedPodStatusFields: readonly GatedField<Pod>[] = [
  {
    gate: "ImageVolumeWithDigest",
    endpoint: "status",
    isUsed: ({ status }) => volumeMountsOf(status).some(({ volumeStatus }) => volumeStatus !== undefined),
    drop({ status }) {
      for (const mount of volumeMountsOf(status)) delete mount.volumeStatus;
    },
  },
  {
    gate: "DRANodeAllocatableResources",
    endpoint: "status",
    isUsed: ({ status }) => (status?.nodeAllocatableResourceClaimStatuses ?? []).length > 0,
    drop({ status }) {
      delete status?.nodeAllocatableResourceClaimStatuses;
    },
  },
];

function volumeMountsOf(status: Pod["status"]): NonNullable<ContainerStatus["volumeMounts"]> {
  const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = status ?? {};
  const all = [containerStatuses, initContainerStatuses, ephemeralContainerStatuses].flat();
  return all.flatMap(({ volumeMounts = [] }) => volumeMounts);
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
