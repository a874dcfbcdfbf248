import type { PodSpec } from "../../../api/index.ts";
import type { KubeObject } from "../../../apimachinery/index.ts";
import type { Strategy } from "../contract.ts";

/** A field of pods whose feature gate is off by default: silently dropped, unless the old object has it already. */
interface DisabledField {
  isUsed(spec: PodSpec): boolean;
  drop(spec: PodSpec): void;
}

const disabledFields: readonly DisabledField[] = [
  {
    isUsed: ({ schedulingGroup }) => schedulingGroup !== undefined,
    drop(spec) {
      delete spec.schedulingGroup;
    },
  },
  {
    isUsed: (spec) => containersOf(spec).some(({ lifecycle }) => lifecycle?.stopSignal !== undefined),
    drop(spec) {
      for (const container of containersOf(spec)) {
        if (container.lifecycle?.stopSignal === undefined) continue;
        delete container.lifecycle.stopSignal;
        if (Object.keys(container.lifecycle).length === 0) delete container.lifecycle;
      }
    },
  },
  projection("clusterTrustBundle"),
  projection("podCertificate"),
];

function containersOf({ containers, initContainers = [], ephemeralContainers = [] }: PodSpec) {
  return [...containers, ...initContainers, ...ephemeralContainers];
}

function projection(field: "clusterTrustBundle" | "podCertificate"): DisabledField {
  const sourcesOf = (spec: PodSpec) => (spec.volumes ?? []).flatMap(({ projected }) => projected?.sources ?? []);
  return {
    isUsed: (spec) => sourcesOf(spec).some((source) => source[field] !== undefined),
    drop(spec) {
      for (const source of sourcesOf(spec)) delete source[field];
    },
  };
}

export function dropDisabledFields(spec: PodSpec | undefined, old?: PodSpec): void {
  if (spec === undefined) return;
  for (const { isUsed, drop } of disabledFields) if (isUsed(spec) && (old === undefined || !isUsed(old))) drop(spec);
}

/** For kinds that hold the spec of a pod: what is disabled goes before the strategy sees it. */
export function withoutDisabledFields<T extends KubeObject>(
  strategy: Strategy<T>,
  specOf: (object: T) => PodSpec | undefined,
): Strategy<T> {
  return {
    ...strategy,
    prepareForCreate(object, context) {
      dropDisabledFields(specOf(object));
      strategy.prepareForCreate?.(object, context);
    },
    prepareForUpdate(object, old, context) {
      dropDisabledFields(specOf(object), specOf(old));
      strategy.prepareForUpdate?.(object, old, context);
    },
  };
}
